"""Whole runs in virtual time: promotions."""
