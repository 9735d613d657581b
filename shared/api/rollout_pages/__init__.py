"""Answers about one rollout: its hosts, its people, what it can be told."""
