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
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_all_well, hosts, in_work, office

MINUTE = timedelta(minutes=1)


def put[R: Record](rows: MemoryRows[R], record: R, version: int) -> None:
    """Write the row as an app of this version does."""
    rows._write("add", [record.model_copy(update={"schema_version": version})])


def set_version(env: RolloutEnvironment, kind: str, version: int) -> None:
    """Have the rollout's row, the pool's, or the hosts' be of this version."""
    if kind == "rollout":
        put(env.tables.rollouts, env.rollout, version)
    elif kind == "pool":
        put(env.tables.pools, env.pool, version)
    else:
        for row in env.rows.values():
            put(env.tables.hosts, row, version)


def done(env: RolloutEnvironment) -> object:
    """What Azure has been made to be, and what was begun there."""
    world = env.world
    return dict(hosts(env)), dict(world.machines), [call for call in world.calls if call[0].startswith("start")]


@pytest.mark.parametrize("kind", ["rollout", "pool", "hosts"])
def test_a_pass_does_nothing_until_the_app_is_updated(kind: str) -> None:
    env = office(1, 1)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: len(env.rows) == 2)
    for name in hosts(env):
        env.world.log_off(name)
    set_version(env, kind, SCHEMA_VERSION + 1)
    before = env.rows, env.rollout, env.pool, done(env)
    with pytest.raises(NewerRow):
        reconcile_whole_pool(env.services, env.engine, env.rollout_id, 1)
    env.run_to_minute((env.now - NOON) / MINUTE + 20)
    assert (env.rows, env.rollout, env.pool, done(env)) == before
    set_version(env, kind, SCHEMA_VERSION)
    env.run_to_minute()
    assert_all_well(env)


def test_a_step_of_a_host_does_nothing_until_the_app_is_updated() -> None:
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: in_work(env) == 1)
    (row,) = env.rows.values()
    set_version(env, "hosts", SCHEMA_VERSION + 1)
    before = env.rows, done(env)
    with pytest.raises(NewerRow):
        run_host_steps(env.services, env.engine, {"rollout": row.rollout, "host": row.host, "run": 1})
    assert (env.rows, done(env)) == before
    set_version(env, "hosts", SCHEMA_VERSION)
    env.run_to_minute()
    assert_all_well(env)


def test_a_command_is_refused_with_a_plain_message() -> None:
    env = office(1)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: len(env.rows) == 1)
    set_version(env, "rollout", SCHEMA_VERSION + 1)
    with pytest.raises(NewerRow, match="Update the app before changing it"):
        control.pause(env.services, env.engine, env.rollout_id, "ann")


def test_the_timer_skips_a_newer_row() -> None:
    env = office(1)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: len(env.rows) == 1)
    env.crash()
    env.app.now += 60 * MINUTE
    set_version(env, "rollout", SCHEMA_VERSION + 1)
    assert resume_lost(env.services, env.engine) == []
    set_version(env, "rollout", SCHEMA_VERSION)
    assert resume_lost(env.services, env.engine) == [env.rollout_id]
