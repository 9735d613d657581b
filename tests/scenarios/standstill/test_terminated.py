"""Somebody terminates the orchestration of a host in the engine: it is seen within a pass or two, told, and goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import AzureBusy, OperationFailed
from shared.core.states import HostState, RolloutState
from shared.models.messages import text_of
from shared.rollouts.reconcile import start_hosts
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    cancel,
    hosts_of,
    office,
    reimaged,
)
from tests.fixtures.world.azure import vm_id_of

TWO_PASSES = timedelta(minutes=2)


def terminated() -> RolloutEnvironment:
    """A rollout in the middle of rebuilding a host, whose orchestration somebody has just terminated."""
    env = office(0, 0)
    env.publish(policy=EAGER | {"strategy": "reimage"})
    env.run(1, until=lambda: env.world.under_way("reimage", vm_id_of("host-01")) is not None)
    terminate(env)
    return env


def terminate(env: RolloutEnvironment, host: str = "host-01") -> None:
    env.engine.hosts.remove((env.rollout_id, host, env.rows[host].engine_run))


def is_taken_up(env: RolloutEnvironment) -> bool:
    return env.rows["host-01"].engine_run == 2


def test_the_host_goes_on_within_two_passes_and_says_why_it_stood_still() -> None:
    env = terminated()
    ended = env.now
    env.run(1, until=lambda: is_taken_up(env))
    assert env.now <= ended + TWO_PASSES
    listed = hosts_of(env)
    (told,) = [row.reason for row in listed if row.host == "host-01"]
    assert told and told.code == "started_again", text_of(told)
    env.run(3)
    assert_all_well(env)
    assert reimaged(env) == {"host-01": 1, "host-02": 1}


def test_a_cancel_does_not_wait_for_it() -> None:
    env = terminated()
    cancel(env)
    asked = env.now
    env.run(3)
    assert_over(env, RolloutState.CANCELLED)
    assert env.rows["host-01"].state is HostState.DONE
    assert env.rollout.ended_at
    assert env.rollout.ended_at - asked < timedelta(minutes=10)


def test_a_long_wait_for_azure_hides_nothing() -> None:
    env = office(0)
    env.world.fail("start_reimage", AzureBusy("reimage", 429, "TooManyRequests", "wait", retry_after=7_200))
    env.publish(policy=EAGER | {"strategy": "reimage", "retries": 0})
    env.run(1, until=lambda: env.rows["host-01"].azure_wait.kind is not None if env.rows else False)
    terminate(env)
    ended = env.now
    env.run(1, until=lambda: is_taken_up(env))
    assert env.now <= ended + TWO_PASSES
    env.run(9)
    assert_all_well(env)


def test_a_host_that_is_terminated_again_and_again_is_taken_up_each_time() -> None:
    env = terminated()
    for run in (2, 3, 4):
        env.run(1, until=lambda run=run: env.rows["host-01"].engine_run == run)  # type: ignore[misc]
        terminate(env)
    env.run(3)
    assert_all_well(env)


def test_an_engine_that_does_not_answer_stops_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    env = terminated()

    def down(*_: object) -> bool:
        raise OperationFailed("engine", None, "Down", "no connection")

    with monkeypatch.context() as patched:
        patched.setattr(env.engine, "host_alive", down)
        passed = env.rollout.progress.last_pass
        env.run(0.1)
        assert env.rollout.progress.last_pass != passed
    env.run(3)
    assert_all_well(env)


def test_a_pass_asks_the_engine_for_so_many_hosts_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_hosts, "MOST_LOOKED_AFTER", 3)
    env = office(*[0] * 12)
    env.publish(policy=EAGER | {"strategy": "reimage", "canary_hosts": 0, "proof": "none", "max_unavailable": "100%"})
    asked: list[str] = []
    alive = env.engine.host_alive

    def counted(rollout_id: str, host: str, run: int) -> bool:
        asked.append(host)
        return alive(rollout_id, host, run)

    monkeypatch.setattr(env.engine, "host_alive", counted)
    most = 0

    def look() -> None:
        nonlocal most
        most, _ = max(most, len(asked)), asked.clear()

    env.each_step.append(look)
    env.run(5)
    assert_all_well(env)
    assert 0 < most <= 3
