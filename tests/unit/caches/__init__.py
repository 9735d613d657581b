"""Tests of shared/caches."""
