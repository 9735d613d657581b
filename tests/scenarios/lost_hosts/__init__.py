"""Hosts out of their pool that a rollout failed on, or has no row of any more."""
