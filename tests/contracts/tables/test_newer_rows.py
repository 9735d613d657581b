"""A row that a newer version of the app wrote is shown and never written: columns unknown here would be lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from shared.core.errors import NewerRow
from shared.core.settings import Settings
from shared.models.base import SCHEMA_VERSION
from shared.ports.storage import Rows
from shared.tables.codec import Codec
from shared.tables.open import connect
from shared.tables.rows import TableRows
from tests.fixtures.fakes.tables import memory_rows
from tests.fixtures.table_records import Everything, everything_keys, row


class NextEverything(Everything):
    """The record as a later version of the app has it."""

    schema_version: int = SCHEMA_VERSION + 1
    added: str = ""


@pytest.fixture(params=["azurite", "memory"])
def both(request: pytest.FixtureRequest) -> tuple[Rows[Everything], Rows[NextEverything]]:
    """One table as this version and as the next version of the app see it."""
    if request.param == "memory":
        ours, theirs = memory_rows(Everything, everything_keys), memory_rows(NextEverything, everything_keys)
        theirs._stored = ours._stored
        return ours, theirs
    settings: Settings = request.getfixturevalue("table_settings")
    client = connect(settings).create_table(f"t{uuid.uuid4().hex[:12]}")
    return TableRows(client, Codec(Everything, everything_keys)), TableRows(
        client, Codec(NextEverything, everything_keys)
    )


type Both = tuple[Rows[Everything], Rows[NextEverything]]
type Write = Callable[[Rows[Everything], Everything], object]

WRITES: dict[str, Write] = {
    "replace": lambda rows, found: rows.replace(found.model_copy(update={"text": "changed"})),
    "write_many": lambda rows, found: rows.write_many([row("new"), found.model_copy(update={"text": "changed"})]),
    "write over": lambda rows, found: rows.replace(row("a", text="changed").written_over(found)),
    "remove": lambda rows, found: rows.remove(found),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_newer_row_is_read_and_never_written(both: Both, write: str) -> None:
    ours, theirs = both
    theirs.add(NextEverything(name="a", text="first", added="new"))
    found = ours.find("g", "a")
    assert found
    assert found.text == "first"
    assert ours.all("g") == ours.every() == ours.page("g", limit=5).rows == ours.since("g", "")[0] == [found]
    with pytest.raises(NewerRow, match=r"written by a newer version of Freshcoat\. Update the app"):
        WRITES[write](ours, found)
    assert ours.all("g") == [found]
    assert [(kept.text, kept.added) for kept in theirs.all("g")] == [("first", "new")]
