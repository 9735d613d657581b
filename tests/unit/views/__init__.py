"""Tests of shared/views."""
