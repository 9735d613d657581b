"""Kept disks are removed while roll-backs begin, processes die and rollouts go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.core.states import RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Rollback
from shared.rollouts.old_disks.cleanup import tidy_disks
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.kept_disks import Shelf
from tests.fixtures.scenarios.rollouts import EAGER, office
from tests.fixtures.world.azure import version_id_of


class TestRaces:
    """A roll-back that begins at any moment of a run keeps what it takes."""

    @pytest.mark.parametrize("number", range(1, 14))
    def test_a_disk_that_a_roll_back_has_found_is_never_deleted(self, number: int) -> None:
        shelf = Shelf()
        disk = shelf.keep()
        shelf.run_out()
        found: list[str | None] = []

        def roll_back() -> None:
            shelf.rollout("r-2")
            found.append(shelf.found())

        calls = before_call(shelf, number, roll_back)
        shelf.tidy()
        if not found:
            assert calls() < number  # the run was through before
            return
        shelf.tidied()
        if found == [disk]:
            assert shelf.app.world.count("start_disk_removal") == 0
            assert shelf.found() == disk
        shelf.end("r-2")
        shelf.tidied()
        assert (shelf.disks, shelf.rows) == (set(), [])

    def test_a_run_makes_as_many_calls_as_the_race_tries(self) -> None:
        shelf = Shelf()
        shelf.keep()
        shelf.run_out()
        calls = before_call(shelf, 0, lambda: None)
        shelf.tidy()
        assert 5 < calls() <= 13

    @pytest.mark.parametrize("number", range(1, 16))
    def test_a_process_death_at_any_call_leaves_nothing_behind(self, number: int) -> None:
        shelf = Shelf()
        shelf.over()
        env = Environment(shelf.app, shelf.tidy)
        env.die_at_call(number)
        env.survive(shelf.tidy)
        env.run(hours=2)
        assert (shelf.disks, shelf.rows) == (set(), [])
        assert env.died == 1
        assert shelf.app.world.violations == []


def before_call(shelf: Shelf, number: int, action: Callable[[], object]) -> Callable[[], int]:
    """Have something happen before the call of this number to Azure or a table; the answer tells how many were made."""
    made, inside = [0], [False]

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if not inside[0]:
                made[0] += 1
                if made[0] == number:
                    inside[0] = True
                    action()
                    inside[0] = False
            return method(*given, **named)

        return call

    tables = shelf.app.tables
    owners: list[tuple[Any, str]] = [(shelf.app.world, "called"), (tables.pools, "find"), (tables.rollouts, "find")]
    owners += [(tables.disks, name) for name in ("every", "replace", "remove", "find")]
    owners += [(tables.audit, "add")]
    for owner, name in owners:
        setattr(owner, name, counted(getattr(owner, name)))
    return lambda: made[0]


class TestWholeRollouts:
    """Noted and removed as rollouts go."""

    def test_a_week_after_an_update_the_old_disks_are_deleted_and_the_hosts_untouched(self) -> None:
        env = office(0, 0, 1)
        old = {machine.os_disk_id for machine in env.world.machines.values()}
        env.publish(ScheduleMode.NOW)
        env.run_to_minute()
        new = {machine.os_disk_id for machine in env.world.machines.values()}
        assert {kept.disk_id for kept in env.tables.disks.every()} == old
        assert {kept.version_id for kept in env.tables.disks.every()} == {version_id_of(OLD)}
        assert tidy_disks(env.services) == []
        for days in range(7, 9):
            env.app.now = NOON + timedelta(days=days, hours=2)
            for _ in range(3):
                tidy_disks(env.services)
        assert set(env.world.disks) == new
        assert env.tables.disks.every() == []
        assert env.versions() == {NEW}

    def test_after_a_roll_back_the_disks_of_the_new_version_are_deleted_and_the_old_ones_used(self) -> None:
        env = office(0, 0, 0)
        old = {machine.os_disk_id for machine in env.world.machines.values()}
        env.publish(policy=EAGER | {"settle_seconds": 0})
        env.run_to_minute(until=lambda: len(env.world.disks) >= 5)
        env.command(state=RolloutState.ROLLING_BACK, rollback=Rollback(since=env.now))
        env.each_step.append(lambda: _only_after_the_end(env))
        env.run_to_minute(900)
        assert env.rollout.state is RolloutState.ROLLED_BACK
        env.each_step.clear()
        for _ in range(4):
            tidy_disks(env.services)
        assert set(env.world.disks) == {machine.os_disk_id for machine in env.world.machines.values()} == old
        env.app.now += timedelta(days=8)
        tidy_disks(env.services)
        assert env.tables.disks.every() == []
        assert set(env.world.disks) == old


def _only_after_the_end(env: Any) -> None:
    """The timer fires at every moment of the roll-back: nothing goes before its end."""
    if not env.rollout.state.ended:
        assert tidy_disks(env.services) == []
