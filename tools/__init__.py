"""Checks of the project itself, run by `make lint` and `make audit`; never deployed."""
