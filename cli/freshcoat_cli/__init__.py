"""The command line of Freshcoat. It speaks HTTP with the app and imports nothing of it."""

__version__ = "0.1.0"
