"""Tests of shared/tasks."""
