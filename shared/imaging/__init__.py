"""Versions of images: set as image, stage, test, activate, roll back, promote on schedule, keep and remove."""
