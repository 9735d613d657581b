"""Tests of shared/rollouts/old_disks."""
