"""Whole runs in virtual time: images."""
