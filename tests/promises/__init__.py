"""Random rollouts, searched for a broken promise."""
