"""Tests of shared/rollouts."""
