"""The simulated state, its clock, and ARM's wire format, operations, throttling and faults."""
