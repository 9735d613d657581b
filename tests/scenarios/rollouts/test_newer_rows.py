"""Rows that a newer version of the app wrote: passes and steps stop before they do anything, and go on later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import NewerRow
from shared.models.base import SCHEMA_VERSION, Record
from shared.rollouts import control
from shared.rollouts.hosts.runner import run_host_steps
from shared.rollouts.reconcile.whole_pool import reconcile_whole_pool
from shared.rollouts.recovery import resume_lost
from tests.fixtures.builders import NOON
from tests.fixtures.fakes.tables import MemoryRows
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import EAGER, assert_all_well, hosts, in_work, office

MINUTE = timedelta(minutes=1)


def put[R: Record](rows: MemoryRows[R], record: R, version: int) -> None:
    """Write the row as an app of this version does."""
    rows._write("add", [record.model_copy(update={"schema_version": version})])


def set_version(drive: Drive, kind: str, version: int) -> None:
    """Have the rollout's row, the pool's, or the hosts' be of this version."""
    if kind == "rollout":
        put(drive.tables.rollouts, drive.rollout, version)
    elif kind == "pool":
        put(drive.tables.pools, drive.pool, version)
    else:
        for row in drive.rows.values():
            put(drive.tables.hosts, row, version)


def done(drive: Drive) -> object:
    """What Azure has been made to be, and what was begun there."""
    world = drive.world
    return dict(hosts(drive)), dict(world.machines), [call for call in world.calls if call[0].startswith("start")]


@pytest.mark.parametrize("kind", ["rollout", "pool", "hosts"])
def test_a_pass_does_nothing_until_the_app_is_updated(kind: str) -> None:
    drive = office(1, 1)
    drive.publish(policy=EAGER)
    drive.run(until=lambda: len(drive.rows) == 2)
    for name in hosts(drive):
        drive.world.log_off(name)
    set_version(drive, kind, SCHEMA_VERSION + 1)
    before = drive.rows, drive.rollout, drive.pool, done(drive)
    with pytest.raises(NewerRow):
        reconcile_whole_pool(drive.services, drive.engine, drive.rollout_id, 1)
    drive.run((drive.now - NOON) / MINUTE + 20)
    assert (drive.rows, drive.rollout, drive.pool, done(drive)) == before
    set_version(drive, kind, SCHEMA_VERSION)
    drive.run()
    assert_all_well(drive)


def test_a_step_of_a_host_does_nothing_until_the_app_is_updated() -> None:
    drive = office(0)
    drive.publish(policy=EAGER)
    drive.run(until=lambda: in_work(drive) == 1)
    (row,) = drive.rows.values()
    set_version(drive, "hosts", SCHEMA_VERSION + 1)
    before = drive.rows, done(drive)
    with pytest.raises(NewerRow):
        run_host_steps(drive.services, drive.engine, {"rollout": row.rollout, "host": row.host, "run": 1})
    assert (drive.rows, done(drive)) == before
    set_version(drive, "hosts", SCHEMA_VERSION)
    drive.run()
    assert_all_well(drive)


def test_a_command_is_refused_in_words() -> None:
    drive = office(1)
    drive.publish(policy=EAGER)
    drive.run(until=lambda: len(drive.rows) == 1)
    set_version(drive, "rollout", SCHEMA_VERSION + 1)
    with pytest.raises(NewerRow, match="Update the app before changing it"):
        control.pause(drive.services, drive.engine, drive.rollout_id, "ann")


def test_the_timer_passes_over_it() -> None:
    drive = office(1)
    drive.publish(policy=EAGER)
    drive.run(until=lambda: len(drive.rows) == 1)
    drive.crash()
    drive.now += 60 * MINUTE
    set_version(drive, "rollout", SCHEMA_VERSION + 1)
    assert resume_lost(drive.services, drive.engine) == []
    set_version(drive, "rollout", SCHEMA_VERSION)
    assert resume_lost(drive.services, drive.engine) == [drive.rollout_id]
