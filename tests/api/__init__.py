"""HTTP in memory, route by route."""
