"""Two kinds of record in one partition, changed together: the real table service and the one in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.core.errors import AlreadyExists, StaleRow
from shared.core.states import VersionState
from shared.models.images import ImageRow, ImageState
from shared.ports.storage import Rows
from tests.fixtures.table_records import image_state, image_version

type Table = Rows[ImageRow]


def test_both_kinds_of_rows_are_read_as_written_with_the_state_first(image_rows: Table) -> None:
    versions = [image_version("10.0.0", verdict=None), image_version("9.0.0")]
    state, ten, nine = image_rows.write_many([image_state(), *versions])
    assert image_rows.all("win11") == [state, nine, ten]
    assert image_rows.find("win11", "image") == state
    assert image_rows.find("win11", "v:0000000009.0000000000.0000000000") == nine
    assert image_rows.all("win10") == []


def test_a_page_continues_over_both_kinds_of_rows(image_rows: Table) -> None:
    image_rows.write_many([image_state(), image_version("1.0.0"), image_version("2.0.0")])
    first = image_rows.page("win11", limit=2)
    second = image_rows.page("win11", limit=2, continuation=first.continuation)
    assert [row.kind for row in [*first.rows, *second.rows]] == ["state", "version", "version"]


def test_one_kind_of_row_can_be_filtered_by_its_own_field(image_rows: Table) -> None:
    image_rows.write_many([image_state(), image_version("1.0.0"), image_version("2.0.0", state=VersionState.BACKUP)])
    found = image_rows.page("win11", limit=9, state=VersionState.BACKUP)
    assert [row.version for row in found.rows if row.kind == "version"] == ["2.0.0"]
    assert len(found.rows) == 1


def test_a_change_of_both_kinds_of_rows_is_atomic(image_rows: Table) -> None:
    state, version = image_rows.write_many([image_state(), image_version()])
    activated = version.model_copy(update={"state": VersionState.ACTIVE})
    image_rows.replace(state)
    with pytest.raises(StaleRow):
        image_rows.write_many([state, activated, image_version("3.0.0")])
    with pytest.raises(AlreadyExists):
        image_rows.write_many([image_rows.all("win11")[0], image_version()])
    assert [row.etag for row in image_rows.all("win11")][1:] == [version.etag]
    fresh = image_rows.all("win11")[0]
    image_rows.write_many([fresh, activated, image_version("3.0.0")])
    assert len(image_rows.all("win11")) == 3


def test_of_many_concurrent_changes_one_wins(image_rows: Table) -> None:
    (state,) = image_rows.write_many([image_state()])

    def change(number: int) -> str | None:
        version = f"{number}.0.0"
        try:
            image_rows.write_many([state.model_copy(update={"active": version}), image_version(version)])
        except (StaleRow, AlreadyExists):
            return None
        return version

    with ThreadPoolExecutor(10) as threads:
        won = [version for version in threads.map(change, range(1, 11)) if version]
    kept, *versions = image_rows.all("win11")
    assert isinstance(kept, ImageState)
    assert won == [kept.active] == [row.version for row in versions if row.kind == "version"]
