"""Whole runs in virtual time: refresh."""
