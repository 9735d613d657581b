"""Registering a pool, holding it for one rollout, and what its new hosts are made from."""
