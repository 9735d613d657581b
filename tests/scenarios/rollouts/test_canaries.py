"""The first hosts: kept out of rotation until they have proved good, by a probe, by time, by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.names import FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import SessionHost
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.profiles import PROBE
from tests.fixtures.scenarios.rollouts import (
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    cancel,
    hosts,
    office,
    pause,
    resume,
    tags,
)


def canaries(env: RolloutEnvironment) -> list[str]:
    return [host for host, row in env.rows.items() if row.canary]


def touched(env: RolloutEnvironment) -> set[str]:
    return {host for host, row in env.rows.items() if row.taken_at}


def keep_watch(env: RolloutEnvironment, *, until: list[bool]) -> None:
    """Fail when a rebuilt host serves before `until` holds something, or another host is touched."""

    def watch() -> None:
        if until:
            return
        assert touched(env) <= set(canaries(env))
        for name in canaries(env):
            seen = hosts(env).get(name)
            row = env.rows[name]
            if row.state is HostState.VERIFYING and row.rebuild.completed_step in {"await_healthy", "probe_host"}:
                assert seen is None or not seen.accepting, f"{name} is in rotation unproved"

    env.each_step.append(watch)


def approve(env: RolloutEnvironment) -> None:
    env.command(state=RolloutState.RUNNING, approval=env.rollout.approval.replace(at=env.now, by="ann"))


def test_the_canary_host_stays_drained_while_it_bakes() -> None:
    env = office(0, 0, 0, 0)
    over: list[bool] = []
    keep_watch(env, until=over)
    env.publish(policy={"bake_minutes": 60})
    env.run_to_minute(until=lambda: env.rollout.progress.canary_passed_at is not None)
    over.append(True)
    (first,) = canaries(env)
    row = env.rows[first]
    assert row.check.proving_since and row.check.proved_at
    assert row.check.proved_at >= row.check.proving_since + timedelta(minutes=60)
    env.run_to_minute(600)
    assert_all_well(env)


def test_a_host_with_users_is_no_canary_while_an_idle_host_exists() -> None:
    env = office(2, 1, 0)
    env.publish(policy={"bake_minutes": 5, "min_available": 0})
    env.run_to_minute(30)
    assert canaries(env) == ["host-03"]


def test_only_the_canary_host_is_touched_before_the_approval() -> None:
    env = office(0, 0, 0)
    over: list[bool] = []
    keep_watch(env, until=over)
    env.publish(policy={"canary_hold": "approve"})
    env.run_to_minute(600)
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL
    assert env.rollout.approval.awaiting_since
    assert env.pool.version == OLD
    assert len(touched(env)) == 1
    over.append(True)
    approve(env)
    env.run_to_minute(1200)
    assert_all_well(env)


def test_the_only_host_of_a_pool_waits_for_approval_too() -> None:
    env = office(0)
    env.publish(policy={"canary_hold": "approve", "min_available": 0})
    env.run_to_minute(600)
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL
    assert not hosts(env)["host-01"].accepting
    approve(env)
    env.run_to_minute(700)
    assert_all_well(env)


def test_a_missing_approval_ends_the_rollout_and_the_canary_host_stays_drained() -> None:
    env = office(0, 0)
    env.publish(policy={"canary_hold": "approve", "poll_seconds": 900})
    env.run_to_minute(60 * 24 * 8)
    assert_over(env, RolloutState.FAILED)
    assert str(env.rollout.note).startswith("Nobody approved within 7 days, so the rollout ended.")
    first = next(host for host, row in env.rows.items() if row.state is HostState.FAILED)
    assert "passed its checks, but the rollout was not approved" in env.rows[first].error
    assert not hosts(env)[first].accepting
    assert FAILED_TAG in tags(env, first)
    assert env.pool.version == OLD


def test_cancelling_before_the_approval_leaves_the_canary_host_drained() -> None:
    env = office(0, 0)
    env.publish(policy={"canary_hold": "approve"})
    env.run_to_minute(600)
    cancel(env)
    env.run_to_minute(660)
    assert_over(env, RolloutState.CANCELLED)
    states = sorted(str(row.state) for row in env.rows.values())
    assert states == ["failed", "skipped"]
    assert env.versions() == {OLD, NEW}


def test_a_drained_canary_candidate_returns_to_service_when_another_host_is_faster() -> None:
    env = office(1, 1, 1, 1)
    env.publish(policy={"canary_hold": "approve"}, force=600)
    env.run_to_minute(5)
    drained = [host for host, seen in hosts(env).items() if not seen.accepting]
    assert len(drained) == 1
    quicker = next(host for host in sorted(hosts(env), reverse=True) if host not in drained)
    env.world.log_off(quicker)
    env.run_to_minute(120)
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL
    assert [host for host, seen in hosts(env).items() if not seen.accepting] == [quicker]
    assert env.rows[drained[0]].state is HostState.PENDING


def test_a_rollout_paused_and_resumed_while_waiting_waits_for_approval_again() -> None:
    env = office(0, 0)
    env.publish(policy={"canary_hold": "approve"})
    env.run_to_minute(600)
    pause(env)
    env.run_to_minute(660)
    resume(env)
    env.run_to_minute(720)
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL


def test_a_probe_with_exit_code_0_releases_the_other_hosts() -> None:
    env = office(0, 0, 0)
    env.publish(policy={"probe": PROBE})
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.world.count("start_probe") == 1


def test_mode_now_gets_a_canary_host_when_checks_are_requested() -> None:
    env = office(0, 2, 0)
    env.publish(ScheduleMode.NOW, policy={"probe": PROBE})
    env.run_to_minute(600)
    assert_all_well(env)
    assert len(canaries(env)) == 1


@pytest.mark.parametrize("retries", [0, 2])
def test_a_failed_probe_is_final_and_ends_the_rollout(retries: int) -> None:
    env = office(0, 0, 0)
    env.world.bad_versions.add(NEW)
    env.publish(policy={"probe": PROBE, "retries": retries})
    env.run_to_minute(600)
    assert_over(env, RolloutState.FAILED)
    (first,) = touched(env)
    assert "probe printers failed" in env.rows[first].error
    assert "no printer found" in env.rows[first].error
    assert tags(env, first)[FAILED_TAG].startswith("while running the probe: probe printers failed")
    assert env.world.count("start_reimage") == 1
    assert env.world.count("start_probe") == 1
    assert not hosts(env)[first].accepting
    assert env.pool.version == OLD


def test_a_probe_that_azure_forgot_is_run_again() -> None:
    env = office(0, 0)
    env.world.bad_versions.add(NEW)
    env.publish(policy={"probe": PROBE})

    def forget() -> None:
        for token in [token for token, running in env.world.running.items() if running.kind == "probe"]:
            del env.world.running[token]

    env.run_to_minute(until=lambda: any(running.kind == "probe" for running in env.world.running.values()))
    forget()
    env.run_to_minute(600)
    assert_over(env, RolloutState.FAILED)
    assert env.world.count("start_probe") == 2


def change(env: RolloutEnvironment, host: str, **fields: Any) -> None:
    known = hosts(env)
    known[host] = SessionHost.model_validate(known[host].model_dump() | fields)


def test_a_host_that_becomes_unhealthy_while_it_bakes_ends_the_rollout() -> None:
    env = office(0, 0)
    env.publish(policy={"bake_minutes": 120})
    env.run_to_minute(until=lambda: any(row.check.proving_since for row in env.rows.values()))
    (first,) = canaries(env)
    change(env, first, status="Unavailable")
    env.run_to_minute(600)
    assert_over(env, RolloutState.FAILED)
    assert "Unavailable" in env.rows[first].error
    assert len(touched(env)) == 1


def test_a_short_absence_of_the_agent_while_baking_is_tolerated() -> None:
    env = office(0, 0)
    env.publish(policy={"bake_minutes": 120})
    env.run_to_minute(until=lambda: any(row.check.proving_since for row in env.rows.values()))
    (first,) = canaries(env)
    minutes = (env.now - NOON) / timedelta(minutes=1)
    env.at(minutes + 10, lambda: change(env, first, status="Upgrading"))
    env.at(minutes + 20, lambda: change(env, first, status="Unavailable"))
    env.at(minutes + 23, lambda: change(env, first, status="Available"))
    env.run_to_minute(900)
    assert_all_well(env)


def test_a_baking_host_that_somebody_undrains_is_drained_again() -> None:
    env = office(0, 0)
    env.publish(policy={"bake_minutes": 60})
    env.run_to_minute(until=lambda: any(row.check.proving_since for row in env.rows.values()))
    (first,) = canaries(env)
    change(env, first, accepting=True)
    env.run_to_minute((env.now - NOON) / timedelta(minutes=1) + 3)
    assert not hosts(env)[first].accepting
    env.run_to_minute(900)
    assert_all_well(env)


@pytest.mark.parametrize("command", [pause, cancel])
def test_a_stopped_rollout_returns_no_unchecked_host_to_service(command: Any) -> None:
    env = office(0, 0)
    env.publish(policy={"bake_minutes": 600})
    env.run_to_minute(until=lambda: any(row.check.proving_since for row in env.rows.values()))
    (first,) = canaries(env)
    command(env)
    env.run_to_minute((env.now - NOON) / timedelta(minutes=1) + 120)
    assert not hosts(env)[first].accepting
    assert len(touched(env)) == 1


def test_the_process_may_die_at_any_call_of_a_canary_that_is_probed_and_bakes() -> None:
    whole = office(0, 0)
    whole.publish(policy={"probe": PROBE, "bake_minutes": 10})
    whole.run_to_minute(900)
    assert_all_well(whole)
    for number in range(1, 400, 3):
        env = office(0, 0)
        over: list[bool] = []
        keep_watch(env, until=over)
        env.publish(policy={"probe": PROBE, "bake_minutes": 10})
        env.die_at_call(number)
        env.run_to_minute(until=lambda: env.rollout.progress.canary_passed_at is not None)  # noqa: B023 - run at once
        over.append(True)
        env.run_to_minute(1500)
        if not env.died:
            break
        assert_all_well(env)
        assert all(env.world.count("start_reimage", host) == 1 for host in env.rows)
