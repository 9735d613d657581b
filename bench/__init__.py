"""Measurements of the product, beside what others do; run by `make bench`, never deployed."""
