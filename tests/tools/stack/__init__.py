"""Tests of the local tools: stack."""
