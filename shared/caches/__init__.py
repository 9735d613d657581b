"""What a worker keeps in memory. Losing it costs reads and nothing else."""
