"""Tests of shared/planning/join."""
