"""Contracts: tables."""
