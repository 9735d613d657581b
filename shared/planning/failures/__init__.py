"""What failed hosts mean for their rollout. Pure."""
