"""Decisions around the join of a rebuilt host."""
