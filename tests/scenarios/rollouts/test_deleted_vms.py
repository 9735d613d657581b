"""Somebody deletes a VM in mid-rollout: the host is skipped with the reason, and the rollout goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from tests.fixtures.builders import NEW
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_over, hosts, office
from tests.fixtures.world.azure import vm_id_of

VM = vm_id_of("host-01")


def delete(env: RolloutEnvironment) -> None:
    """Somebody deletes the VM of the first host; what Azure was doing with it is over."""
    env.world.machines.pop(VM.lower(), None)
    for token in [token for token, running in env.world.running.items() if running.target == VM.lower()]:
        del env.world.running[token]


def under_way(kind: str) -> Callable[[RolloutEnvironment], bool]:
    return lambda env: env.world.under_way(kind, VM) is not None


def created(env: RolloutEnvironment) -> bool:
    return env.world.count("start_create", VM) > 0 and VM.lower() in env.world.machines


def awaited(env: RolloutEnvironment) -> bool:
    return env.rows["host-01"].step == "await_healthy"


MOMENTS: list[tuple[str, Callable[[RolloutEnvironment], bool], dict[str, Any]]] = [
    ("while it is re-imaged", under_way("reimage"), {}),
    ("while it joins", under_way("join"), {}),
    ("while it registers", under_way("register"), {}),
    ("while it is waited for", awaited, {}),
    ("after it was created again", created, {"strategy": "replace"}),
]


def assert_skipped(env: RolloutEnvironment) -> None:
    row = env.rows["host-01"]
    assert (row.state, row.error) == (HostState.SKIPPED, ""), row
    assert row.reason is not None and row.reason.code in {"vm_deleted", "no_vm"}
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.versions() == {NEW}


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize(("when", "reached", "policy"), MOMENTS, ids=[moment[0] for moment in MOMENTS])
def test_a_host_whose_vm_is_deleted_in_work_is_skipped(
    when: str, reached: Callable[[RolloutEnvironment], bool], policy: dict[str, Any], retries: int
) -> None:
    env = office(0, 0, 0)
    if when == "while it is waited for":
        env.world.register_works = False
    env.publish(policy=EAGER | {"retries": retries} | policy)
    env.run_to_minute(600, until=lambda: "host-01" in env.rows and reached(env))
    delete(env)
    env.world.register_works = True
    for host, seen in list(env.world.hosts[next(iter(env.world.hosts))].items()):
        env.world.change_host(seen.vm_id, status="Unavailable" if host == "host-01" else "Available")
    env.run_to_minute(2 * 24 * 60)
    assert_skipped(env)
    assert env.world.count("start_create", VM) == (1 if policy else 0)


def test_a_host_whose_vm_is_deleted_just_before_its_rebuild_is_skipped() -> None:
    env = office(0, 0, 0)
    env.publish(policy=EAGER)
    env.world.meanwhile("remove_session_host", lambda: delete(env), target="host-01")
    env.run_to_minute(600)
    assert_skipped(env)


def test_another_host_takes_the_place_of_a_canary_host_whose_vm_is_deleted() -> None:
    env = office(0, 0, 0, 0)
    env.publish(policy={"canary_hosts": 1, "bake_minutes": 10})
    env.run_to_minute(600, until=lambda: any(row.canary for row in env.rows.values()) and under_way("reimage")(env))
    delete(env)
    env.run_to_minute(2 * 24 * 60)
    assert_skipped(env)
    proved = [row.host for row in env.rows.values() if row.canary and row.check.proved_at]
    assert len(proved) == 1 and proved != ["host-01"]


def test_a_vm_that_we_deleted_ourselves_is_created_again() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"strategy": "replace"})
    env.run_to_minute(600, until=under_way_of_create(env))
    env.run_to_minute(900)
    assert env.rows["host-01"].state is HostState.DONE


def under_way_of_create(env: RolloutEnvironment) -> Callable[[], bool]:
    return lambda: under_way("create")(env)


def test_a_host_without_a_vm_does_not_count_as_serving_while_the_broker_still_lists_it() -> None:
    env = office(0, 1)
    delete(env)
    env.publish(policy=EAGER | {"min_available": 1})
    env.run_to_minute(230)
    assert hosts(env)["host-02"].accepting
    env.run_to_minute()
    assert_skipped(env)
    assert env.rows["host-02"].state is HostState.DONE
