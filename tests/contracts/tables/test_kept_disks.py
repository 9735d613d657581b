"""The table of kept disks: those of a pool are a partition, those of a host are found by its VM."""

from __future__ import annotations

import pytest

from shared.core.errors import AlreadyExists
from shared.models.kept_disks import KeptDisk
from shared.ports.storage import Rows
from shared.tables.keys import disk_keys
from shared.tables.open import Tables
from tests.fixtures.fakes.tables import memory_rows
from tests.fixtures.table_records import kept_disk

VM, DISK = kept_disk().vm_id, kept_disk().disk_id


@pytest.fixture(params=["azurite", "memory"])
def disks(request: pytest.FixtureRequest) -> Rows[KeptDisk]:
    """An empty table: once real, once in memory."""
    if request.param == "memory":
        return memory_rows(KeptDisk, disk_keys)
    tables: Tables = request.getfixturevalue("tables")
    return tables.disks


def test_a_disk_is_found_by_pool_and_key(disks: Rows[KeptDisk]) -> None:
    written = disks.add(kept_disk())

    assert disks.find("office", written.key) == written
    assert disks.all("office") == disks.every() == [written]
    assert disks.all("another") == []


def test_a_disk_has_one_row_regardless_of_the_case_of_its_id(disks: Rows[KeptDisk]) -> None:
    disks.add(kept_disk())

    with pytest.raises(AlreadyExists):
        disks.add(kept_disk(vm_id=VM.upper(), disk_id=DISK.upper()))
    disks.add(kept_disk(disk_id=f"{DISK}-2"))
    disks.add(kept_disk(vm_id=f"{VM}-2"))
    disks.add(kept_disk(pool="another"))
    assert len(disks.every()) == 4


def test_the_disks_of_a_vm_are_found_page_by_page(disks: Rows[KeptDisk]) -> None:
    disks.write_many([kept_disk(disk_id=f"{DISK}-{number}") for number in range(5)])
    disks.write_many([kept_disk(vm_id=f"{VM}-2", disk_id=f"{DISK}-{number}") for number in range(5)])

    first = disks.page("office", limit=3, vm_id=VM)
    rest = disks.page("office", limit=3, vm_id=VM, continuation=first.continuation)
    assert (len(first.rows), len(rest.rows), rest.continuation) == (3, 2, None)
    assert {kept.disk_id for kept in first.rows + rest.rows} == {f"{DISK}-{number}" for number in range(5)}


def test_a_vm_id_is_stored_in_lower_case_and_a_disk_id_as_given() -> None:
    kept = kept_disk(vm_id="/VM", disk_id="/Disk")

    assert (kept.vm_id, kept.disk_id) == ("/vm", "/Disk")


def test_the_fate_of_a_disk_is_written(disks: Rows[KeptDisk]) -> None:
    written = disks.add(kept_disk())
    changed = disks.replace(written.model_copy(update={"removing": True}))

    assert disks.every() == [changed]
    assert disks.every()[0].removing
    disks.remove(changed)
    assert disks.every() == []
