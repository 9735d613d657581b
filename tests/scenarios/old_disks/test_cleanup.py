"""Kept disks are removed when their time is over: never one in use, and none that a roll-back could want."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden, OperationFailed, StaleRow
from shared.core.states import RolloutState
from shared.models.audit import AuditEntry
from shared.rollouts.old_disks.cleanup import REMOVALS, RETRY_AFTER
from tests.fixtures.app_functions import functions
from tests.fixtures.audit import changes
from tests.fixtures.builders import OLD
from tests.fixtures.scenarios.kept_disks import HOST, Shelf
from tests.fixtures.world.azure import version_id_of, vm_id_of

HOSTS = tuple(f"h{number}.contoso.local" for number in range(3))
BUSY = AzureBusy("call", 429, "TooMany", "later")


def name_of(disk: str) -> str:
    return disk.rpartition("/")[2]


def audited(shelf: Shelf) -> list[AuditEntry]:
    return list(changes(shelf.app.tables, f"{shelf.app.now:%Y-%m}"))


class TestWhen:
    """From what moment on, and from when not."""

    def test_a_disk_is_deleted_after_its_retention_and_its_row_after_the_disk(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.app.later(days=6.99)
        assert shelf.tidy() == []
        shelf.app.later(days=0.01)
        assert shelf.tidy() == [name_of(disk)]
        assert (shelf.disks, len(shelf.rows)) == ({disk}, 1)  # Azure takes its time
        shelf.tidied()
        assert (shelf.disks, shelf.rows) == (set(), [])

    def test_a_disk_deleted_synchronously_leaves_no_row(self) -> None:
        shelf = Shelf()
        shelf.app.world.resumes_needed = 0
        shelf.over()
        assert len(shelf.tidy()) == 3
        assert (shelf.disks, shelf.rows) == (set(), [])

    def test_a_disposable_disk_is_deleted_at_the_next_run(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.leave(disk)
        assert shelf.tidy() == [name_of(disk)]

    @pytest.mark.parametrize("state", [state for state in RolloutState if not state.ended])
    def test_no_disk_and_no_row_is_deleted_while_the_pool_has_an_open_rollout(self, state: RolloutState) -> None:
        shelf = Shelf()
        disks = shelf.over()
        shelf.put_under(HOST, disks[0])
        shelf.rollout("r-2", state=state)
        assert shelf.tidy() == []
        assert len(shelf.rows) == 3
        assert shelf.app.world.count("disk") == 0
        shelf.end("r-2")
        assert len(shelf.tidy()) == 2

    def test_a_rollout_being_written_counts_as_open_and_one_never_written_does_not(self) -> None:
        shelf = Shelf()
        shelf.over()
        shelf.hold(f"{9_999_999_999_999 - int(shelf.app.now.timestamp() * 1000):013d}-1f0c")
        assert shelf.tidy() == []
        shelf.app.later(minutes=2)
        assert len(shelf.tidy()) == 3

    def test_only_the_retention_counts_for_an_unregistered_pool(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.unregister()
        assert shelf.tidy() == []
        shelf.run_out()
        assert shelf.tidy() == [name_of(disk)]

    def test_a_rollout_of_another_pool_keeps_no_disk(self) -> None:
        shelf = Shelf()
        shelf.over()
        moved = shelf.rows[0]
        shelf.app.tables.disks.add(moved.model_copy(update={"pool": "elsewhere", "etag": None}))
        shelf.rollout("r-2")
        assert shelf.tidy() == [name_of(moved.disk_id)]

    def test_the_timer_follows_its_setting_and_does_not_run_at_startup(self) -> None:
        trigger = functions()["tidy_old_disks"].get_trigger()
        assert trigger is not None
        limited_by = trigger.get_dict_repr()
        assert (limited_by["schedule"], limited_by["runOnStartup"]) == ("%FRESHCOAT_RETENTION_SCHEDULE%", False)


class TestWhat:
    """Only what was noted, as it was noted, and nothing that is in use."""

    def test_a_disk_in_use_again_loses_only_its_row(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.run_out()
        shelf.put_under(HOST, disk)
        assert shelf.tidy() == []
        assert shelf.rows == []
        assert shelf.app.world.count("start_disk_removal") == 0

    def test_a_disk_deleted_by_somebody_else_loses_only_its_row(self) -> None:
        shelf = Shelf()
        for disk in shelf.over():
            del shelf.app.world.disks[disk]
        assert shelf.tidy() == []
        assert shelf.rows == []
        assert audited(shelf) == []

    def test_a_disk_recreated_from_another_version_is_not_deleted(self, caplog: pytest.LogCaptureFixture) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.run_out()
        shelf.app.world.disks[disk] = version_id_of("9.0.0")
        with caplog.at_level(logging.WARNING):
            assert shelf.tidy() == []
            shelf.tidy()
        assert caplog.text.count("is kept: it was created from") == 1  # once a day
        assert (shelf.disks, len(shelf.rows)) == ({disk}, 1)
        assert shelf.app.world.count("start_disk_removal") == 0

    def test_a_disk_without_a_version_is_deleted_too(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.run_out()
        shelf.app.world.disks[disk] = ""
        assert shelf.tidy() == [name_of(disk)]

    def test_each_run_writes_one_audit_entry_per_pool_with_the_disks(self) -> None:
        shelf = Shelf()
        disks = shelf.over()
        moved = shelf.rows[0]
        shelf.app.tables.disks.add(moved.model_copy(update={"pool": "elsewhere", "etag": None}))
        shelf.app.tables.disks.remove(moved)
        shelf.tidied()
        entries = audited(shelf)
        assert [(entry.who, entry.action) for entry in entries] == [("retention", "remove old disks")] * 2
        text = {entry.subject: entry.detail.split(", ") for entry in entries}
        assert set(text) == {"office", "elsewhere"}
        assert sorted(text["office"] + text["elsewhere"]) == sorted(map(name_of, disks))


class TestTrouble:
    """One disk that cannot be removed holds up no other."""

    @pytest.mark.parametrize("method", ["disk", "start_disk_removal"])
    @pytest.mark.parametrize("kind", [AzureForbidden, AzureConflict])
    def test_a_refusal_is_logged_and_repeated_a_day_later(
        self, method: str, kind: type[AzureForbidden | AzureConflict], caplog: pytest.LogCaptureFixture
    ) -> None:
        shelf = Shelf()
        first, *others = shelf.over()
        shelf.app.world.fail(method, kind(method, 409, "ScopeLocked", "there is a lock"), times=9, target=first)
        with caplog.at_level(logging.WARNING):
            assert shelf.tidy() == [name_of(other) for other in others]
        assert caplog.text.count("ScopeLocked") == 1
        assert shelf.app.world.count(method, first) == 1
        shelf.tidied()
        assert shelf.disks == {first}
        shelf.app.world.faults.clear()
        shelf.app.later(seconds=RETRY_AFTER.total_seconds())
        shelf.tidied()
        assert (shelf.disks, shelf.rows) == (set(), [])

    def test_a_failed_deletion_is_logged_and_repeated(self, caplog: pytest.LogCaptureFixture) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.run_out()
        failed = OperationFailed("delete", 409, "Broken", "It broke.")
        shelf.app.world.fail_operation("remove", failed, target=disk)
        shelf.tidy()
        with caplog.at_level(logging.WARNING):
            shelf.tidied(runs=6)
        assert "still exists" in caplog.text
        assert (shelf.disks, shelf.rows) == (set(), [])
        assert len(audited(shelf)) == 1

    @pytest.mark.parametrize("method", ["disk", "start_disk_removal"])
    def test_throttling_ends_the_run_and_the_next_one_continues(
        self, method: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        shelf = Shelf()
        first, *others = shelf.over()
        shelf.app.world.fail(method, BUSY, target=others[0])
        with caplog.at_level(logging.INFO):
            assert shelf.tidy() == [name_of(first)]
        assert not [record for record in caplog.records if record.levelno > logging.INFO]
        shelf.tidied()
        assert (shelf.disks, shelf.rows) == (set(), [])

    @pytest.mark.parametrize(("table", "method"), [("disks", "all"), ("pools", "find"), ("disks", "replace")])
    def test_tables_that_cannot_be_reached_end_the_run_quietly(self, table: str, method: str) -> None:
        shelf = Shelf()
        shelf.over()
        getattr(shelf.app.tables, table).failures[method] = [BUSY]
        assert shelf.tidy() == []
        shelf.tidied()
        assert (shelf.disks, shelf.rows) == (set(), [])

    def test_a_row_changed_by_another_worker_is_left_to_it(self) -> None:
        shelf = Shelf()
        first, *others = shelf.over()
        shelf.app.tables.disks.failures["replace"] = [StaleRow("KeptDisks", "k")]
        assert shelf.tidy() == [name_of(other) for other in others]
        assert shelf.app.world.count("start_disk_removal", first) == 0

    def test_a_disk_whose_removal_was_refused_can_be_swapped_in_again(self) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.run_out()
        shelf.app.world.fail("start_disk_removal", AzureConflict("delete", 409, "ScopeLocked", "there is a lock"))
        shelf.tidy()
        assert shelf.found() == disk

    def test_two_concurrent_runs_delete_each_disk_once(self) -> None:
        shelf = Shelf()
        shelf.app.world.resumes_needed = 0
        disks = shelf.over()
        second: list[str] = []
        shelf.app.world.meanwhile("disk", lambda: second.extend(shelf.tidy()))
        first = shelf.tidy()
        assert sorted(first + second) == sorted(map(name_of, disks))
        assert shelf.rows == []

    def test_a_run_deletes_a_limited_number_of_disks_oldest_first(self) -> None:
        shelf = Shelf()
        shelf.app.world.resumes_needed = 0
        shelf.note()
        kept = shelf.row_of_it
        disks = [shelf.app.world.new_disk(vm_id_of(HOST), version_id_of(OLD)) for _ in range(REMOVALS + 7)]
        for number, disk in enumerate(disks):
            changes = {"disk_id": disk, "keep_until": kept.keep_until + timedelta(seconds=number), "etag": None}
            shelf.app.tables.disks.add(kept.model_copy(update=changes))
        shelf.app.tables.disks.remove(kept)
        shelf.run_out()
        shelf.app.later(hours=1)
        assert shelf.tidy() == [name_of(disk) for disk in disks[:REMOVALS]]
        assert len(shelf.tidy()) == 7
        assert shelf.tidy() == []
