"""Frozen values: what comes in over HTTP, what is kept in tables, what Azure answers, in our words."""
