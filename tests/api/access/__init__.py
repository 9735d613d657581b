"""HTTP in memory: who asks, and what they may."""
