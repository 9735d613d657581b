"""Whole rollouts: their history."""
