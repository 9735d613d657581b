"""Tests of shared/core."""
