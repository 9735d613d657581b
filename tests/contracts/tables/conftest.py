"""The two stores that must behave alike."""

from __future__ import annotations

import uuid

import pytest

from shared.core.settings import Settings
from shared.models.images import ImageRow
from shared.ports.storage import Rows
from shared.tables.codec import Codec
from shared.tables.open import Tables, connect, image_row_codec
from shared.tables.rows import TableRows
from tests.fixtures.fakes.tables import MemoryRows, memory_rows
from tests.fixtures.table_records import Everything, everything_keys


@pytest.fixture(params=["azurite", "azurite, kept", "memory"])
def rows(request: pytest.FixtureRequest) -> Rows[Everything]:
    """An empty table: once real, once in memory."""
    if request.param == "memory":
        return memory_rows(Everything, everything_keys)
    settings: Settings = request.getfixturevalue("table_settings")
    client = connect(settings).create_table(f"t{uuid.uuid4().hex[:12]}")
    return TableRows(client, Codec(Everything, everything_keys), keeps=50 if "kept" in request.param else 0)


@pytest.fixture(params=["azurite", "memory"])
def image_rows(request: pytest.FixtureRequest) -> Rows[ImageRow]:
    """An empty table of two kinds of record: once real, once in memory."""
    if request.param == "memory":
        return MemoryRows("ImageVersions", image_row_codec())
    tables: Tables = request.getfixturevalue("tables")
    return tables.versions
