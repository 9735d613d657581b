"""Cancelling and recovering any task."""
