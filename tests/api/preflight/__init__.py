"""HTTP in memory: preflight."""
