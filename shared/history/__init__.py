"""What has happened in a rollout: which events follow from a change of its rows, and their table."""
