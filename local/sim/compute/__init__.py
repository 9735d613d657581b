"""Simulated compute: virtual machines, disks, galleries, networks."""
