"""Tests of shared/images."""
