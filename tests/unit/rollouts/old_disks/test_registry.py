"""Old OS disks are noted before their host is rebuilt, and found again by a roll-back."""

from __future__ import annotations

import pytest

from shared.core.errors import AlreadyExists, AzureBusy, StaleRow
from shared.models.kept_disks import KeptDisk
from shared.rollouts.old_disks.cleanup import tidy_disks
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.kept_disks import HOST, VM, Shelf
from tests.fixtures.world.azure import DEFINITION_ID, version_id_of, vm_id_of

OTHER = "h1.contoso.local"


class TestNoting:
    """Before the host is rebuilt, and as often as one likes."""

    def test_a_kept_disk_is_registered_with_its_end(self) -> None:
        shelf = Shelf()
        disk = shelf.note(days=3)
        kept = shelf.row_of_it
        assert (kept.pool, kept.host, kept.disk_id, kept.version_id) == ("office", HOST, disk, version_id_of(OLD))
        assert (kept.vm_id, kept.rollout, kept.kept_at) == (VM.lower(), "r-1", shelf.app.now)
        assert shelf.days_left() == 3

    @pytest.mark.parametrize(
        "machine", [{"os_disk_delete_option": "Delete"}, {"os_disk_delete_option": None}, {"ephemeral": True}]
    )
    def test_a_disk_deleted_with_its_vm_is_not_registered(self, machine: dict[str, object]) -> None:
        shelf = Shelf()
        shelf.note(**machine)
        shelf.note(os_disk_id=None)
        assert shelf.rows == []

    def test_a_disk_with_the_vms_own_delete_option_is_neither_registered_nor_deleted(self) -> None:
        shelf = Shelf()
        shelf.note(days=7)
        shelf.note(days=0)
        assert shelf.rows == []

    def test_registering_again_keeps_the_later_end(self) -> None:
        shelf = Shelf()
        shelf.note(days=7)
        shelf.app.later(hours=12)
        shelf.note(days=2)
        assert shelf.days_left() == 6.5
        shelf.note(days=9)
        assert shelf.days_left() == 9

    def test_registering_again_keeps_a_known_version(self) -> None:
        shelf = Shelf()
        disk = shelf.note()
        shelf.note(version_id="")
        shelf.leave(disk)
        assert shelf.row_of_it.version_id == version_id_of(OLD)

    def test_the_retention_of_a_disposable_disk_is_over(self) -> None:
        shelf = Shelf()
        disk = shelf.note(days=7)
        shelf.app.later(hours=1)
        shelf.leave(disk)
        assert shelf.days_left() == 0
        shelf.note(days=7)
        assert shelf.days_left() == 7

    def test_each_disk_has_its_own_row(self) -> None:
        shelf = Shelf()
        disks = {shelf.note(), shelf.note(OTHER), shelf.note(os_disk_id="/disks/another")}
        assert {kept.disk_id for kept in shelf.rows} == disks
        assert len(disks) == 3

    @pytest.mark.parametrize(("method", "error"), [("add", AlreadyExists), ("replace", StaleRow)])
    def test_a_concurrent_write_of_the_row_does_not_fail_the_registration(
        self, method: str, error: type[AlreadyExists | StaleRow]
    ) -> None:
        shelf = Shelf()
        if method == "replace":
            shelf.note(days=1)
        shelf.app.tables.disks.failures[method] = [error("KeptDisks", "k")] * 3
        shelf.note(days=7)
        assert shelf.days_left() == 7

    def test_a_constantly_changing_row_is_a_conflict(self) -> None:
        shelf = Shelf()
        shelf.app.tables.disks.failures["add"] = [AlreadyExists("KeptDisks", "k")] * 9
        with pytest.raises(StaleRow):
            shelf.note()


class TestFinding:
    """The disk that a roll-back puts under its host again."""

    def test_a_kept_disk_of_the_host_with_the_version_is_found(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.keep(OTHER)
        assert shelf.found() == disk
        assert shelf.found(vm_id=VM.upper()) == disk
        assert shelf.found(NEW) is None
        assert shelf.found(vm_id=vm_id_of("h9")) is None

    def test_of_several_the_newest_is_found(self) -> None:
        shelf = Shelf()
        first = shelf.keep()
        for _ in range(2):
            shelf.app.later(hours=1)
            shelf.put_under(HOST, shelf.app.world.new_disk(VM, version_id_of(OLD)))
            newest = shelf.keep()
        assert shelf.found() == newest
        del shelf.app.world.disks[newest]
        assert shelf.found() not in {None, first, newest}

    def test_a_deleted_or_attached_disk_is_not_found(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.put_under(OTHER, disk)
        assert shelf.found() is None
        shelf.put_under(OTHER, "")
        assert shelf.found() == disk
        del shelf.app.world.disks[disk]
        assert shelf.found() is None

    def test_the_version_of_the_disk_counts_more_than_that_of_the_row(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.app.world.disks[disk] = version_id_of("9.0.0")
        assert shelf.found() is None
        assert shelf.found("9.0.0") is None

    def test_the_version_of_the_row_counts_where_the_disk_has_none(self) -> None:
        shelf = Shelf()
        noted, says = shelf.keep(), shelf.note(OTHER, version_id="")
        shelf.put_under(OTHER, "")
        shelf.app.world.disks[noted] = ""
        shelf.app.world.disks[says] = version_id_of(OLD, DEFINITION_ID.upper())
        assert shelf.found() == noted
        assert shelf.found(vm_id=vm_id_of(OTHER)) == says
        shelf.app.world.disks[says] = ""
        assert shelf.found(vm_id=vm_id_of(OTHER)) is None

    def test_a_disposable_disk_is_not_found(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.leave(disk)
        assert shelf.found() is None

    def test_an_expired_disk_is_found_until_it_is_deleted(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.app.later(days=8)
        assert shelf.found() == disk
        tidy_disks(shelf.app.services)
        assert disk in shelf.disks
        assert shelf.found() is None

    def test_disks_are_found_beyond_one_page(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        kept = shelf.row_of_it
        old = [kept.model_copy(update={"disk_id": f"/gone/{number}", "etag": None}) for number in range(230)]
        shelf.app.tables.disks.write_many([KeptDisk.model_validate(one.model_dump()) for one in old])
        assert shelf.found() == disk

    def test_throttling_is_not_mistaken_for_a_missing_disk(self) -> None:
        shelf = Shelf()
        shelf.keep()
        shelf.app.world.fail("disk", AzureBusy("disk", 429, "TooMany", "later"))
        with pytest.raises(AzureBusy):
            shelf.found()
