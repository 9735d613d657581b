"""A host pool that is deleted, moved or unreadable for good ends its rollout; a short outage does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import AzureBusy, AzureForbidden, FreshcoatError
from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.access.roles import ALL_ACCOUNTS
from shared.rollouts.offers import read_rollout
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    cancel,
    in_the_middle,
    office,
    pause,
    resume,
    tags,
)
from tests.fixtures.world.azure import vm_id_of

ONE_BY_ONE = {"on_failure": "continue", "retries": 0}
FORBIDDEN = AzureForbidden("list the session hosts", 403, "AuthorizationFailed", "no right")
TIMED_OUT = AzureBusy("list the session hosts", None, "ServiceRequestError", "timed out")
DOWN = AzureBusy("list the session hosts", 503, "ServiceUnavailable", "try later")
OUTAGES = pytest.mark.parametrize("error", [FORBIDDEN, TIMED_OUT, DOWN], ids=["403", "timed out", "503"])
READS = ("host_pool", "session_hosts", "session_host")


def assert_given_back(env: RolloutEnvironment, *names: str) -> None:
    """The VMs belong to autoscale again, and nothing of ours is on those that were never in work."""
    for name in ("host-01", "host-02", "host-03", "host-04"):
        assert EXCLUSION_TAG not in tags(env, name), name
    for name in names:
        assert not {ROLLOUT_TAG, FAILED_TAG} & set(tags(env, name)), name
        assert env.world.machines[vm_id_of(name).lower()].os_disk_delete_option == "Delete"


def assert_each_ended_once(env: RolloutEnvironment, state: RolloutState) -> None:
    assert_over(env, state)
    assert {name: str(row.state) for name, row in env.rows.items()} == {
        "host-01": "done", "host-02": "failed", "host-03": "skipped", "host-04": "skipped",
    }  # fmt: skip
    assert env.rollout.progress.counts == {"done": 1, "failed": 1, "skipped": 2}
    assert_given_back(env, "host-01", "host-03", "host-04")


def test_a_deleted_host_pool_ends_the_rollout_after_the_limit() -> None:
    env = in_the_middle(**ONE_BY_ONE)
    env.world.delete_pool()
    env.run(11.9)
    shown = read_rollout(env.services, env.rollout_id, None, ALL_ACCOUNTS)
    assert shown.note and (shown.note.code, shown.state) == ("pool_unreadable", "running")
    assert shown.note.at and timedelta() < shown.note.at - env.now < timedelta(hours=0.2)
    (listed,) = env.app.send("GET", "/api/rollouts").json["items"]
    assert listed["note"]["text"] == shown.note.text
    assert env.rows["host-02"].state is HostState.FAILED  # its own orchestration could not bring it back
    env.run(0.5)
    assert_each_ended_once(env, RolloutState.FAILED)
    assert env.rollout.note and env.rollout.note.code == "pool_gone"
    assert {env.rows[name].reason.code for name in ("host-03", "host-04")} == {"pool_gone"}  # type: ignore[union-attr]


def test_a_cancelled_rollout_of_a_deleted_host_pool_ends_at_once() -> None:
    env = in_the_middle(**ONE_BY_ONE)
    env.world.delete_pool()
    env.run(0.1)
    cancel(env)
    env.run(2)  # the host in work is finished as usual, which fails
    assert_each_ended_once(env, RolloutState.CANCELLED)
    assert env.rollout.note and env.rollout.note.code == "cancelled_by_user"


def test_without_hosts_in_work_it_takes_seconds() -> None:
    env = office(1, 1)
    env.publish(policy=EAGER)
    env.run(0.5)
    env.world.delete_pool()
    cancel(env)
    env.run(0.01)
    assert_over(env, RolloutState.CANCELLED)


@pytest.mark.parametrize("command", [None, pause])
def test_a_rollout_that_stands_still_ends_too(command: object) -> None:
    env = office(0, 1)
    env.publish(policy=EAGER, begin=60 * 48, force=60 * 72)
    env.run(0.1)
    if command:
        pause(env)
    env.world.delete_pool()
    env.run(12.5)
    assert_over(env, RolloutState.FAILED)
    assert {row.state for row in env.rows.values()} == {HostState.SKIPPED}


def break_reads(env: RolloutEnvironment, error: FreshcoatError) -> None:
    for read in READS:
        env.world.fail(read, error, times=10**9)


@OUTAGES
def test_a_short_outage_ends_nothing(error: FreshcoatError) -> None:
    env = office(0, 0, 1, 1)
    env.publish(policy=EAGER | {"strategy": "reimage"}, force=60 * 10)
    env.run(0.2)
    break_reads(env, error)
    env.run(0.15)
    env.world.faults.clear()
    env.run(1)
    assert env.rollout.progress.unreadable is None
    assert env.pool.unreadable_since is None
    env.run(11)
    assert_all_well(env)


@OUTAGES
def test_hosts_are_returned_to_service_when_it_is_cancelled_in_a_short_outage(error: FreshcoatError) -> None:
    env = office(1, 1)
    env.publish(policy=EAGER)
    env.run(0.5)
    break_reads(env, error)
    cancel(env)
    env.run(0.1)
    env.world.faults.clear()
    env.run(0.5)
    assert_over(env, RolloutState.CANCELLED)
    assert all(host.accepting for host in env.world.hosts[env.pool.host_pool_id.lower()].values())


@OUTAGES
@pytest.mark.parametrize("cancelled", [False, True])
def test_an_outage_for_good_ends_it(error: FreshcoatError, cancelled: bool) -> None:
    env = office(1, 1)
    env.publish(policy=EAGER, force=60 * 48)
    env.run(0.5)
    break_reads(env, error)
    env.run(0.1)
    if cancelled:
        cancel(env)
    env.run(0.2 if cancelled and error is FORBIDDEN else 12.2)
    assert_over(env, RolloutState.CANCELLED if cancelled else RolloutState.FAILED)
    assert EXCLUSION_TAG not in tags(env, "host-01")


def test_a_lost_orchestration_of_a_host_is_restarted_without_the_pool() -> None:
    env = in_the_middle(**ONE_BY_ONE)
    env.world.delete_pool()
    env.crash()
    env.recover()
    cancel(env)
    env.run(3)
    assert_each_ended_once(env, RolloutState.CANCELLED)


def test_a_pool_that_comes_back_is_gone_on_with() -> None:
    env = office(1, 1)
    env.publish(policy=EAGER, force=60 * 48)
    env.run(0.5)
    pool, there = env.world.pools.copy(), dict(env.world.hosts[env.pool.host_pool_id.lower()])
    env.world.delete_pool()
    env.run(8)
    env.world.pools.update(pool)
    env.world.hosts[env.pool.host_pool_id.lower()].update(there)
    pause(env)
    env.run(8)
    assert env.pool.unreadable_since is None
    resume(env)
    env.run(40)
    assert_all_well(env)
