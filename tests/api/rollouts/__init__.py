"""HTTP in memory: rollouts."""
