"""Tests of shared/workflow."""
