"""Single rules of the versions of an image, which a sequence would find only by luck; and what retention chooses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import Conflict
from shared.core.states import VersionState
from shared.models.base import version_key
from shared.models.images import Retention, Source, Verdict
from shared.versions import lifecycle, removal_rules
from shared.versions.version_set import VersionSet
from tests.fixtures.builders import NOON
from tests.fixtures.version_sets import version_row, version_set

V = VersionState


class TestRules:
    """What is refused, and what an activation or a roll-back takes."""

    def stage(self, before: VersionSet, version: str, task: str = "t") -> VersionSet:
        return lifecycle.stage(before, version, task=task, now=NOON, who="ann", notes="")

    def activate(self, before: VersionSet, version: str | None = None, task: str = "t", **fields: Any) -> VersionSet:
        given: dict[str, Any] = {"backup": None, "force": False} | fields
        return lifecycle.activate(before, version, task=task, now=NOON, **given)

    def test_versions_are_compared_as_numbers(self) -> None:
        assert self.stage(version_set("9.0.0", backups=()), "10.0.0").state.staged == "10.0.0"
        with pytest.raises(Conflict, match=r"9\.0\.0 is not newer than the active 10\.0\.0"):
            self.stage(version_set("10.0.0", backups=()), "9.0.0")

    def test_a_captured_version_must_be_newer_too(self) -> None:
        with pytest.raises(Conflict, match="not newer"):
            lifecycle.begin_capture(version_set(), "1.5.0", task="t", now=NOON, who="ann", notes="", backup=True)

    def test_only_one_is_staged_and_none_while_one_is_captured(self) -> None:
        with pytest.raises(Conflict, match=r"2\.5\.0 is staged. Activate or discard it"):
            self.stage(version_set(staged="2.5.0"), "3.0.0")
        with pytest.raises(Conflict, match=r"2\.5\.0 is staged already"):
            self.stage(version_set(staged="2.5.0"), "2.5.0")
        busy = lifecycle.begin_capture(version_set(), "3.0.0", task="c", now=NOON, who="ann", notes="", backup=True)
        with pytest.raises(Conflict) as refused:
            self.stage(busy, "4.0.0")
        assert refused.value.task == "c"

    def test_a_backup_can_be_rolled_back_to_but_not_staged_again(self) -> None:
        rolled = lifecycle.roll_back(version_set(), None, task="t", now=NOON)
        with pytest.raises(Conflict, match="Roll the image back to it"):
            self.stage(rolled, "2.0.0")

    def test_a_number_is_reused_only_after_its_version_is_deleted(self) -> None:
        leaves = version_set(others=[version_row("3.0.0", V.DISCARDED, source=Source.CAPTURE, deleting=True)])
        with pytest.raises(Conflict, match="being removed"):
            self.stage(leaves, "3.0.0")
        with pytest.raises(Conflict, match="being removed"):
            lifecycle.begin_capture(leaves, "3.0.0", task="t", now=NOON, who="ann", notes="", backup=True)
        gone = removal_rules.removed(leaves, "3.0.0", task="r", now=NOON)
        again = self.stage(gone, "3.0.0").versions["3.0.0"]
        assert (again.state, again.source, again.deleting, again.removal_by) == (V.STAGED, Source.GALLERY, False, "")

    def test_a_registration_records_a_version_once(self) -> None:
        empty = version_set(None, backups=())
        adopted = lifecycle.adopt(empty, "1.0.0", NOON, "ann")
        assert adopted.state.active == "1.0.0"
        assert lifecycle.adopt(adopted, "1.0.0", NOON, "bob") is adopted
        with pytest.raises(Conflict, match="already has versions"):
            lifecycle.adopt(adopted, "2.0.0", NOON, "ann")

    def test_an_activation_keeps_the_old_version_as_requested(self) -> None:
        def of(backup_wanted: bool, asked: bool | None) -> VersionState:
            staged = version_row("3.0.0", V.STAGED, backup_wanted=backup_wanted)
            before = version_set(others=[staged]).changed(staged="3.0.0")
            old = self.activate(before, backup=asked).versions["2.0.0"]
            assert old.retired_at == NOON
            return old.state

        assert [of(True, None), of(False, None)] == [V.BACKUP, V.REPLACED]
        assert [of(False, True), of(True, False)] == [V.BACKUP, V.REPLACED]

    def test_a_failed_test_blocks_an_activation_without_force(self) -> None:
        verdict = Verdict(result="failed", by="ann", at=NOON)
        failed = lifecycle.record_verdict(version_set(staged="3.0.0"), "3.0.0", verdict, task="v")
        with pytest.raises(Conflict, match="force: true"):
            self.activate(failed)
        assert self.activate(failed, force=True).state.active == "3.0.0"

    def test_no_older_version_is_activated_after_a_roll_back(self) -> None:
        mixed = version_set("1.0.0", backups=["4.0.0"], staged="3.0.0")
        forwards = lifecycle.roll_back(mixed, "4.0.0", task="r", now=NOON)
        with pytest.raises(Conflict, match="not newer"):
            self.activate(forwards)

    def test_a_roll_back_takes_the_last_backup_below_the_active_version(self) -> None:
        replaced = version_row("2.5.0", V.REPLACED, retired_at=NOON)
        leaves = version_row("2.4.0", V.BACKUP, deleting=True)
        before = version_set("3.0.0", backups=["1.0.0", "2.0.0", "10.0.0"], others=[replaced, leaves])
        rolled = lifecycle.roll_back(before, None, task="t", now=NOON)
        assert rolled.state.active == "2.0.0"
        assert (rolled.versions["3.0.0"].state, rolled.versions["3.0.0"].rolled_back) == (V.BACKUP, True)
        with pytest.raises(Conflict, match="being removed"):
            lifecycle.roll_back(before, "2.4.0", task="t", now=NOON)
        assert lifecycle.roll_back(before, "2.5.0", task="t", now=NOON).versions["2.5.0"].state is V.ACTIVE


def times(**versions: float) -> VersionSet:
    """Backups `b1`, `b2` … (1.0.0, 2.0.0 …) under an active 100.0.0, retired so many days ago."""
    rows = [
        version_row(f"{name[1:]}.0.0", V.BACKUP, retired_at=NOON - timedelta(days=days))
        for name, days in versions.items()
    ]
    return version_set("100.0.0", backups=(), others=rows)


class TestToRemove:
    """What retention chooses."""

    def chosen(self, given: VersionSet, backups: int = 2, days: int = 30, now: datetime = NOON) -> list[str]:
        return removal_rules.to_remove(given, Retention(backups=backups, days=days), now)

    def test_only_versions_beyond_both_limits_are_removed(self) -> None:
        assert self.chosen(times(b1=50, b2=40, b3=20, b4=10)) == ["1.0.0", "2.0.0"]
        assert self.chosen(times(b1=50, b2=40)) == []
        assert self.chosen(times(b1=29, b2=28, b3=27)) == []
        assert self.chosen(times(b10=31, b9=31.1, b8=31.2, b11=31.3)) == ["8.0.0", "11.0.0"]

    def test_the_kept_backups_are_the_last_retired_and_not_the_highest(self) -> None:
        assert self.chosen(times(b1=31, b2=50, b3=40), backups=1) == ["2.0.0", "3.0.0"]

    def test_a_version_replaced_without_backup_is_removed_after_settling_and_uses_no_place(self) -> None:
        now = NOON + removal_rules.SETTLING
        before = times(b1=50, b2=40, b3=35)
        replaced = before.changed(version_row("9.0.0", V.REPLACED, retired_at=NOON))
        assert self.chosen(replaced, backups=3, now=now - timedelta(seconds=1)) == []
        assert self.chosen(replaced, backups=3, now=now) == ["9.0.0"]

    def test_a_version_being_removed_uses_no_place(self) -> None:
        before = times(b1=50, b2=45, b3=40)
        leaves = removal_rules.begin_removal(before, "3.0.0", who="ann", now=NOON)
        assert self.chosen(leaves) == ["3.0.0"]

    def test_a_discarded_version_is_selected_until_it_is_deleted(self) -> None:
        captured = version_row("101.0.0", V.STAGED, source=Source.CAPTURE)
        before = version_set("100.0.0", backups=(), others=[captured]).changed(staged="101.0.0")
        discarded = removal_rules.discard(before, "101.0.0", task="d", now=NOON, who="ann")
        assert self.chosen(discarded) == ["101.0.0"]
        kept = removal_rules.not_removed(discarded, "101.0.0", "is kept, since pool office is on it")
        assert self.chosen(kept) == ["101.0.0"]
        gone = removal_rules.removed(kept, "101.0.0", task="r", now=NOON)
        assert self.chosen(gone) == []
        assert (gone.versions["101.0.0"].state, gone.versions["101.0.0"].task) == (V.DISCARDED, "r")

    def test_foreign_versions_stay_in_the_gallery(self) -> None:
        discarded = removal_rules.discard(version_set(staged="3.0.0"), "3.0.0", task="d", now=NOON, who="ann")
        assert self.chosen(discarded) == []
        assert discarded.versions["3.0.0"].note == removal_rules.WAS_KEPT

    def test_a_version_active_a_moment_ago_cannot_be_removed(self) -> None:
        rolled = lifecycle.roll_back(version_set(), None, task="t", now=NOON)
        with pytest.raises(Conflict, match=r"active until 12:00 UTC.*after 12:30 UTC"):
            removal_rules.begin_removal(rolled, "2.0.0", who="ann", now=NOON + timedelta(minutes=29))
        later = removal_rules.begin_removal(rolled, "2.0.0", who="ann", now=NOON + removal_rules.SETTLING)
        assert later.versions["2.0.0"].deleting

    def test_versions_are_ordered_by_number(self) -> None:
        chosen = self.chosen(times(b10=50, b9=60, b2=70), backups=0)
        assert chosen == sorted(chosen, key=version_key) == ["2.0.0", "9.0.0", "10.0.0"]
