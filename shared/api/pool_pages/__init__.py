"""Answers about one pool for who updates it: the versions to choose from, and what is kept."""
