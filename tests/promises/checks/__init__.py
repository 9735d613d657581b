"""The search for broken promises: checks."""
