"""Moments as people type and read them."""
