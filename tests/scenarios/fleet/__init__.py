"""Whole runs in virtual time: fleet."""
