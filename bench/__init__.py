"""Measures the product and compares it with alternatives. `make bench` runs it; it is never deployed."""
