"""Simulated Azure Virtual Desktop: host pools, sessions, guest systems, users."""
