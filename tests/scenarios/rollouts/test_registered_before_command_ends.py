"""A host that the broker sees as healthy is registered, whatever its run command is said to be doing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.caches.poll_estimates import PollEstimator
from shared.core.states import HostState
from shared.models.policy import ScheduleMode
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_all_well, hosts, office, registering

A_LITTLE_LATER = 5
"""Looks at the VM, or asks: Azure refuses to have it changed until then."""


def registered_early(**policy: object) -> RolloutEnvironment:
    """A rollout of one host that is in the pool again while its run command still goes on."""
    env = office(0)
    env.publish(ScheduleMode.NOW, policy=EAGER | {"retries": 0} | policy)
    env.run_to_minute(60, until=lambda: registering(env.world))
    (running,) = env.world.running.values()
    assert running.kind == "register"
    running.effect()
    running.left = A_LITTLE_LATER
    return env


def test_a_registered_host_is_not_polled_any_more() -> None:
    env = registered_early()
    env.world.calls.clear()

    env.run_to_minute(600)

    assert_all_well(env)
    assert env.rows["host-01"].state is HostState.DONE
    assert env.world.count("resume") == 0


def test_the_command_of_a_canary_host_is_awaited_while_the_host_is_drained() -> None:
    env = registered_early(canary_hosts=1)
    env.world.calls.clear()

    env.run_to_minute(60, until=lambda: env.world.count("resume") > 0)

    assert not hosts(env)["host-01"].accepting
    assert env.rows["host-01"].state is HostState.JOINING
    env.run_to_minute(600)
    assert_all_well(env)


def test_a_command_that_ends_before_the_host_registers_was_polled_too_early() -> None:
    env = office(0)
    env.app.services = replace(env.services, poll_estimates=PollEstimator({"register": 8.0}))
    env.publish(ScheduleMode.NOW, policy=EAGER | {"retries": 0})
    env.run_to_minute(60, until=lambda: registering(env.world))
    (running,) = env.world.running.values()
    registers, running.effect, running.left = running.effect, lambda: None, 1
    env.world.calls.clear()
    env.run_to_minute(60, until=lambda: env.rows["host-01"].state is HostState.VERIFYING)

    assert env.services.poll_estimates.first("register") > 8.0
    assert env.rows["host-01"].reason.text == "has not registered yet"
    assert env.world.count("session_host") == 1  # not once for the command and once for the host

    registers()
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.services.poll_estimates.first("register") > 8.0


def test_work_before_an_operation_does_not_count_as_its_duration() -> None:
    env = office(0)
    env.app.services = replace(env.services, poll_estimates=PollEstimator({"create": 4.0}))
    env.world.resumes_needed = 3  # the old VM is deleted first, which takes as many polls
    env.publish(ScheduleMode.NOW, policy=EAGER | {"retries": 0, "strategy": "replace"})
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.services.poll_estimates.first("create") == pytest.approx(4.05)  # one vote for a quarter more than four
