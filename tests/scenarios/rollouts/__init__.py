"""Whole runs in virtual time: rollouts."""
