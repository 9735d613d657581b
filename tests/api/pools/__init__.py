"""HTTP in memory: pools."""
