"""Rollouts of chosen hosts, and what operators change about them meanwhile."""
