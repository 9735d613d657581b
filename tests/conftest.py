"""Fixtures every test can use."""

from hypothesis import settings

from tests.fixtures.azurite import azurite, table_settings, tables

settings.register_profile("freshcoat", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("freshcoat")

__all__ = ["azurite", "table_settings", "tables"]
