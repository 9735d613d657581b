"""Rollouts that stand still: somebody suspended them, or their host pool is gone. In virtual time."""
