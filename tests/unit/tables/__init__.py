"""Tests of shared/tables."""
