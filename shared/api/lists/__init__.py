"""Queries of lists: filters, order and pages."""
