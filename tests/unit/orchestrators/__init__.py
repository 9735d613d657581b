"""Tests of shared/orchestrators."""
