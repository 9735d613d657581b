"""HTTP in memory: fleet."""
