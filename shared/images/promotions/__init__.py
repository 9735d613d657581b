"""Scheduled activations."""
