"""The checks of a deployed app."""
