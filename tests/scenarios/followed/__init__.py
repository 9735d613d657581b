"""Rollouts as somebody follows them who looks at them all the time."""
