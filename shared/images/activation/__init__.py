"""Activating a version, and rolling back to one."""
