"""The app is updated, or the old one runs again, in the middle of a rollout.

Rows that a newer version of the app wrote: passes and steps stop before they do anything, and go on later. Operations
that the former version began and the new one cannot read are found again.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import NewerRow, UnreadableOperation
from shared.models.base import SCHEMA_VERSION, Record
from shared.models.rollouts import RolloutHost
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


def assert_nothing_is_done(env: RolloutEnvironment, row: RolloutHost) -> None:
    """A step of this host is refused, and has changed nothing."""
    before = env.rows, done(env)
    with pytest.raises(NewerRow):
        run_host_steps(env.services, env.engine, {"rollout": row.rollout, "host": row.host, "run": 1})
    assert (env.rows, done(env)) == before


def test_a_step_of_a_host_does_nothing_until_the_app_is_updated() -> None:
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: in_work(env) == 1)
    (row,) = env.rows.values()
    set_version(env, "hosts", SCHEMA_VERSION + 1)
    assert_nothing_is_done(env, row)
    set_version(env, "hosts", SCHEMA_VERSION)
    env.run_to_minute()
    assert_all_well(env)


def test_a_host_whose_completed_step_only_a_newer_version_knows_waits_for_it() -> None:
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: in_work(env) == 1)
    (row,) = env.rows.values()
    put(env.tables.hosts, row.replace(rebuild=row.rebuild.replace(completed_step="wash_host")), SCHEMA_VERSION)
    assert_nothing_is_done(env, row)
    put(env.tables.hosts, env.rows[row.host].replace(rebuild=row.rebuild), SCHEMA_VERSION)
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


@pytest.mark.parametrize("resumes", [1, 3])
@pytest.mark.parametrize(
    ("strategy", "kind"),
    [
        ("reimage", "reimage"),
        ("reimage", "join"),
        ("reimage", "register"),
        ("replace", "delete"),
        ("replace", "create"),
        ("replace", "join"),
        ("replace", "register"),
    ],
)
def test_an_operation_that_cannot_be_asked_after_is_found_again(strategy: str, kind: str, resumes: int) -> None:
    env = office(0, 0)
    env.world.resumes_needed = resumes
    env.publish(policy=EAGER | {"strategy": strategy, "retries": 0})
    env.run_to_minute(until=lambda: any(running.kind == kind for running in env.world.running.values()))
    waiting = {token: running.target for token, running in env.world.running.items() if running.kind == kind}
    asked = env.world.count("resume")
    env.world.failures |= dict.fromkeys(waiting, UnreadableOperation(kind))
    env.run_to_minute()
    assert_all_well(env)
    destructive = "start_reimage" if strategy == "reimage" else "start_delete"
    assert [env.world.count(destructive, target) for target in waiting.values()] == [1] * len(waiting)
    assert env.world.count("resume") > asked
