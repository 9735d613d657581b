"""Tests of shared/planning."""
