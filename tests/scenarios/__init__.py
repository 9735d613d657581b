"""Whole rollouts, refreshes, captures and many pools in virtual time."""
