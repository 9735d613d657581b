"""Contracts: fakes."""
