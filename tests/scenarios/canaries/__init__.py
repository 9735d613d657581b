"""Rollouts whose canary hosts fail or are tried again."""
