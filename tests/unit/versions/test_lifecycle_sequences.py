"""What every sequence of changes to the versions of an image keeps to."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.core.errors import Conflict, InvalidTransition
from shared.core.states import VERSION_FORMERLY_ACTIVE as WAS_ACTIVE
from shared.core.states import VERSION_TRANSITIONS, VersionState
from shared.models.base import version_key
from shared.models.images import ImageState, Retention, Source, Verdict
from shared.versions import lifecycle, promotion_hold, removal_rules
from shared.versions.version_set import VersionSet
from tests.fixtures.builders import NOON
from tests.fixtures.version_sets import version_row, version_set

V = VersionState

NUMBERS = ["1.0.0", "2.0.0", "2.0.1", "3.0.0", "10.0.0"]
UNKNOWN = "9.9.9"
numbers = st.sampled_from(NUMBERS)


def assert_flags_come_right(of: VersionSet, gallery: dict[str, bool]) -> None:
    """Whatever the gallery's flags are, they come right one by one, and "latest" is never lost on the way."""
    active, given = of.state.active, dict(gallery)
    for version, excluded in lifecycle.flags(of, given):
        assert gallery[version] is not excluded
        gallery[version] = excluded
        assert active not in gallery or not all(gallery.values()), "there is no latest"
    assert lifecycle.flags(of, gallery) == []
    assert active not in gallery or gallery[active] is False
    for version, excluded in gallery.items():
        row = of.versions.get(version)
        if row is None or row.state in {V.FAILED, V.DELETED}:
            assert excluded is given[version]
        elif version != active:
            assert excluded


@pytest.mark.parametrize("active", [None, "2.0.0"])
def test_exclusion_flags_become_right_from_any_state_of_the_gallery(active: str | None) -> None:
    others = [version_row("0.5.0", V.DELETED), version_row("0.6.0", V.DISCARDED)]
    of = version_set(active, backups=["1.0.0"], staged="3.0.0", others=others)
    versions = ["0.5.0", "0.6.0", "1.0.0", "2.0.0", "3.0.0", UNKNOWN]
    for flags in itertools.product([None, True, False], repeat=len(versions)):
        gallery = {version: flag for version, flag in zip(versions, flags, strict=True) if flag is not None}
        assert_flags_come_right(of, gallery)


class Versions(RuleBasedStateMachine):
    """One image to which anything is done in any order, each change as its use case does it, also twice."""

    def __init__(self) -> None:
        super().__init__()
        self.version_set = VersionSet(ImageState(image="win11"))
        self.now = NOON
        self.tasks = 0

    @initialize(active=st.none() | numbers)
    def register(self, active: str | None) -> None:
        if active:
            self.change(lambda version_set, _: lifecycle.adopt(version_set, active, self.now, "ann"))

    @rule(version=numbers)
    def adopt(self, version: str) -> None:
        self.change(lambda version_set, _: lifecycle.adopt(version_set, version, self.now, "ann"))

    @rule(version=numbers, backup=st.booleans())
    def begin_capture(self, version: str, backup: bool) -> None:
        self.change(
            lambda version_set, task: lifecycle.begin_capture(
                version_set, version, task=task, now=self.now, who="ann", notes="", backup=backup
            )
        )

    @precondition(lambda self: self.version_set.state.capture)
    @rule(works=st.booleans())
    def end_capture(self, works: bool) -> None:
        task = self.version_set.state.capture
        if works:
            self.change(lambda version_set, _: lifecycle.captured(version_set, task, self.now))
        else:
            self.change(lambda version_set, _: lifecycle.not_captured(version_set, task, self.now, "broken"))

    @rule(version=numbers)
    def stage(self, version: str) -> None:
        self.change(
            lambda version_set, task: lifecycle.stage(
                version_set, version, task=task, now=self.now, who="ann", notes=""
            )
        )

    @rule(version=numbers, passed=st.booleans())
    def judge(self, version: str, passed: bool) -> None:
        verdict = Verdict(result="passed" if passed else "failed", by="ann", at=self.now)
        self.change(lambda version_set, task: lifecycle.record_verdict(version_set, version, verdict, task=task))

    @rule(version=st.none() | numbers, force=st.booleans())
    def hold(self, version: str | None, force: bool) -> None:
        self.change(
            lambda version_set, task: promotion_hold.hold(
                version_set, version, promotion=task, force=force, now=self.now
            )
        )

    @rule(version=st.none() | numbers, backup=st.none() | st.booleans(), force=st.booleans())
    def activate(self, version: str | None, backup: bool | None, force: bool) -> None:
        self.change(
            lambda version_set, task: lifecycle.activate(
                version_set, version, task=task, now=self.now, backup=backup, force=force, waiting_pools=["office"]
            )
        )

    @rule(version=st.none() | numbers, force=st.booleans())
    def roll_back(self, version: str | None, force: bool) -> None:
        before = self.version_set
        self.change(
            lambda version_set, task: lifecycle.roll_back(version_set, version, task=task, now=self.now, force=force)
        )
        taken = before.versions.get(self.version_set.state.active or "")
        if self.version_set is before or taken is None:
            return
        assert force or not (taken.verdict and taken.verdict.result == "failed")
        if version is None:
            assert not taken.rolled_back
            assert before.state.active
            assert version_key(taken.version) < version_key(before.state.active)

    @rule(version=numbers, in_gallery=st.booleans())
    def discard(self, version: str, in_gallery: bool) -> None:
        self.change(
            lambda version_set, task: removal_rules.discard(
                version_set, version, task=task, now=self.now, who="ann", in_gallery=in_gallery
            )
        )
        gone = self.version_set.versions.get(version)
        if gone and gone.state is V.DISCARDED and gone.note == removal_rules.WAS_GONE:
            assert not gone.deleting, "nothing is in the gallery, so nothing keeps its number"

    @rule(version=numbers)
    def begin_removal(self, version: str) -> None:
        self.begin_removal_of(version)

    def begin_removal_of(self, version: str) -> None:
        self.change(lambda version_set, _: removal_rules.begin_removal(version_set, version, who="ann", now=self.now))

    @rule(version=numbers)
    def not_removed(self, version: str) -> None:
        self.change(lambda version_set, _: removal_rules.not_removed(version_set, version, "it is in use"))

    @rule(version=numbers)
    def removed(self, version: str) -> None:
        self.change(lambda version_set, task: removal_rules.removed(version_set, version, task=task, now=self.now))

    @rule(kept=st.integers(0, 2), days=st.integers(0, 3))
    def retain(self, kept: int, days: int) -> None:
        """What retention chooses can be fenced, and is none of the versions in use."""
        chosen = removal_rules.to_remove(self.version_set, Retention(backups=kept, days=days), self.now)
        assert not {self.version_set.state.active, self.version_set.state.staged} & set(chosen)
        for version in chosen:
            if not self.version_set.versions[version].deleting:
                before = self.version_set
                self.begin_removal_of(version)
                assert self.version_set is not before

    @rule(minutes=st.sampled_from([1, 29, 31, 60 * 24, 60 * 24 * 4]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(gallery=st.dictionaries(st.sampled_from([*NUMBERS, UNKNOWN]), st.booleans()))
    def put_flags_right(self, gallery: dict[str, bool]) -> None:
        assert_flags_come_right(self.version_set, gallery)

    def change(self, change: Callable[[VersionSet, str], VersionSet]) -> None:
        """Do it, unless it is refused: then nothing is changed. Done once more by the same task, it changes nothing."""
        self.tasks += 1
        task = f"task-{self.tasks}"
        before = self.version_set
        copy = VersionSet(before.state, dict(before.versions))
        try:
            after = change(before, task)
        except Conflict as refused:
            assert not isinstance(refused, InvalidTransition), f"{refused} does not say what to do"
            after = before
        assert before == copy
        for version, row in after.versions.items():
            old = before.versions.get(version)
            allowed = {V.CAPTURING, V.STAGED, V.ACTIVE} if old is None else {old.state, *VERSION_TRANSITIONS[old.state]}
            assert row.state in allowed
        assert before.versions.keys() <= after.versions.keys()
        if after is not before:
            assert change(after, task) is after
            written = after.rows_changed_from(before)
            assert written[0] is after.state
            assert {row.version for row in written if row.kind == "version"} == {
                name for name, row in after.versions.items() if row != before.versions.get(name)
            }
        self.version_set = after

    def only(self, state: VersionState) -> str | None:
        """The one version in a state."""
        found = [row.version for row in self.version_set.versions.values() if row.state is state]
        assert len(found) <= 1, f"several are {state}: {found}"
        return found[0] if found else None

    @invariant()
    def the_state_says_what_the_versions_say(self) -> None:
        state = self.version_set.state
        assert self.only(V.ACTIVE) == state.active
        assert self.only(V.STAGED) == state.staged
        capturing = self.only(V.CAPTURING)
        assert (self.version_set.versions[capturing].task if capturing else "") == state.capture
        assert not (capturing and state.staged)

    @invariant()
    def only_a_staged_version_is_to_be_promoted(self) -> None:
        state = self.version_set.state
        assert state.staged or not state.promotion

    @invariant()
    def marks_are_only_where_they_mean_something(self) -> None:
        for row in self.version_set.versions.values():
            assert not row.rolled_back or row.state in WAS_ACTIVE | {V.DELETED}
            assert (
                not row.deleting or row.state in WAS_ACTIVE or (row.state, row.source) == (V.DISCARDED, Source.CAPTURE)
            )
            assert not row.deleting or row.removal_by
            assert row.retired_at or row.state not in WAS_ACTIVE
        assert all(row.state is V.BACKUP and not row.deleting for row in self.version_set.backups)


TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
