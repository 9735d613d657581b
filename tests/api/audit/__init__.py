"""HTTP in memory: the record of who did what."""
