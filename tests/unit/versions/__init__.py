"""Tests of shared/versions."""
