"""Profiles: what an account keeps under a name, and pools and requests only name."""
