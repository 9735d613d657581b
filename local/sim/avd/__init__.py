"""Simulated Azure Virtual Desktop: host pools, sessions, guests, users."""
