"""Tests of the local tools: local host."""
