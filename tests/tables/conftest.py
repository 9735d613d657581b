"""The two stores that must behave alike."""

from __future__ import annotations

import uuid

import pytest

from shared.ports import Rows
from shared.settings import Settings
from shared.tables.codec import Codec
from shared.tables.rows import TableRows
from shared.tables.wiring import connect
from tests.fixtures.memory import MemoryRows
from tests.tables.samples import Everything, everything_keys


@pytest.fixture(params=["azurite", "memory"])
def rows(request: pytest.FixtureRequest) -> Rows[Everything]:
    """An empty table: once real, once in memory."""
    if request.param == "memory":
        return MemoryRows(Everything, everything_keys)
    settings: Settings = request.getfixturevalue("table_settings")
    client = connect(settings).create_table(f"t{uuid.uuid4().hex[:12]}")
    return TableRows(client, Codec(Everything, everything_keys))
