"""Tests of shared/azure."""
