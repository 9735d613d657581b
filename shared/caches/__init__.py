"""Caches in the memory of a worker. Losing them only costs reads."""
