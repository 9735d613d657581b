"""HTTP in memory: images."""
