"""Fixtures every test can use."""

from tests.fixtures.azurite import azurite, table_settings, tables

__all__ = ["azurite", "table_settings", "tables"]
