"""Whole runs in virtual time: old disks."""
