"""Writes that were acknowledged and are lost: a storage account failed over, or an emulator ended without saving."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.names import OUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import DeleteOption
from shared.models.rollouts import RolloutHost
from shared.models.tasks import CancelHow
from shared.rollouts import control
from shared.rollouts.recovery import search_pools
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
    assert_over,
    cancel,
    hosts,
    office,
    tags,
)
from tests.fixtures.world.azure import vm_id_of
from tests.scenarios.lost_hosts.test_failed_hosts import ELSEWHERE

type When = Callable[[RolloutHost], bool]


def lose_writes(env: RolloutEnvironment, host: str, back_to: When | None) -> None:
    """The host's row is again as it was when this last held; None: it was never written."""
    while host in env.rows and not (back_to and back_to(env.rows[host])):
        env.tables.hosts.lose_writes(env.rollout_id, host, 1)
    assert back_to is None or host in env.rows, f"{host} was never so"


def out_of_pool(env: RolloutEnvironment, host: str = "host-01", *, step: str = "join_host") -> None:
    """Let the rollout go on until this host is rebuilt and out of its pool."""
    env.run_to_minute(240, until=lambda: host in env.rows and env.rows[host].step == step)
    assert host not in hosts(env)


def pending(row: RolloutHost) -> bool:
    return row.state is HostState.PENDING


def drained(row: RolloutHost) -> bool:
    return row.state is HostState.DRAINING and row.drain.drained_at is not None


def taken(row: RolloutHost) -> bool:
    return row.state is HostState.REIMAGING and not row.removed_from_pool


MOMENTS = [pending, drained, taken, None]


@pytest.mark.parametrize("strategy", ["reimage", "replace"])
@pytest.mark.parametrize("back_to", MOMENTS)
def test_a_rebuilt_host_comes_back_although_its_rebuild_was_forgotten(back_to: When | None, strategy: str) -> None:
    env = office(0, 0, 0)
    env.publish(policy=EAGER | {"strategy": strategy})
    out_of_pool(env)
    lose_writes(env, "host-01", back_to)
    env.run_to_minute(900)
    assert_all_well(env)
    assert_in_service_again(env, "host-01", "host-02", "host-03")
    assert env.world.count(f"start_{'create' if strategy == 'replace' else 'reimage'}", "host-01") == 1


@pytest.mark.parametrize("back_to", MOMENTS)
def test_a_host_is_given_back_as_it_was_although_that_was_forgotten(back_to: When | None) -> None:
    env = office(0, 0, 0)
    found = {"os_disk_delete_option": DeleteOption.DETACH, "tags": {"ScalingPlanExclusion": "ops", "owner": "desk"}}
    env.world.change_machine(vm_id_of("host-01"), **found)
    env.world.change_host(vm_id_of("host-01"), accepting=False)
    env.publish(policy=EAGER)
    out_of_pool(env)
    lose_writes(env, "host-01", back_to)
    env.run_to_minute(900)
    machine = env.world.machines[vm_id_of("host-01").lower()]
    assert {"os_disk_delete_option": machine.os_disk_delete_option, "tags": tags(env, "host-01")} == found
    assert not hosts(env)["host-01"].accepting


def lost_after_the_end() -> RolloutEnvironment:
    """Two hosts. Of the first, all rows are lost at the end of its rollout, when it had not joined again yet."""
    env = office(0, 0)
    env.publish(policy=EAGER)
    out_of_pool(env)
    marks = tags(env, "host-01")
    env.run_to_minute(300)
    assert_all_well(env)
    env.world.joined.discard(vm_id_of("host-01").lower())
    env.world.change_machine(vm_id_of("host-01"), tags=marks)
    hosts(env).pop("host-01")
    lose_writes(env, "host-01", None)
    return env


def shown(env: RolloutEnvironment) -> list[list[str]]:
    pool, rollout = env.app.send("GET", "/api/pools/office"), env.app.send("GET", f"/api/rollouts/{env.rollout_id}")
    return [[lost["host"] for lost in answer.json["lost_hosts"]] for answer in (pool, rollout)]


def test_the_timer_finds_a_lost_host_and_pool_and_rollout_show_it() -> None:
    env = lost_after_the_end()
    assert shown(env) == [[], []]
    assert search_pools(env.services) == ["host-01"]
    assert shown(env) == [["host-01"], ["host-01"]]
    (lost,) = env.app.send("GET", "/api/pools/office").json["lost_hosts"]
    assert lost["vm_id"] == vm_id_of("host-01")
    assert lost["rollout"] == env.rollout_id
    assert lost["reason"]["code"] == "lost_host"


@pytest.mark.parametrize("how", ["retry", "another rollout", "another rollout, before the timer"])
def test_a_lost_host_is_taken_up(how: str) -> None:
    env = lost_after_the_end()
    if "before" not in how:
        assert search_pools(env.services) == ["host-01"]
    if how == "retry":
        answer = env.app.send("POST", f"/api/rollouts/{env.rollout_id}/retry")
        assert answer.status == 202, answer.json
        env.rollout_id = answer.json["id"]
    else:
        env.publish(policy=EAGER)
    env.run_to_minute(900)
    assert_all_well(env)
    assert_in_service_again(env, "host-01", "host-02")
    assert env.rows["host-01"].state is HostState.DONE
    assert (("host-02" in env.rows) is True) is (how != "retry")
    assert shown(env) == [[], []]
    assert search_pools(env.services) == []
    assert env.world.count("start_reimage", "host-01") == 1


def test_a_rollout_without_failed_or_lost_hosts_is_not_retried() -> None:
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(300)
    assert env.app.send("POST", f"/api/rollouts/{env.rollout_id}/retry").status == 409


def moved(env: RolloutEnvironment) -> None:
    """An administrator registers the VM in another host pool, and forgets its tags."""
    env.world.add_pool(ELSEWHERE)
    there = env.world.hosts[ELSEWHERE.lower()]
    there["host-01"] = hosts(env)["host-02"].model_copy(update={"name": "host-01", "vm_id": vm_id_of("host-01")})


def untagged(env: RolloutEnvironment) -> None:
    """An administrator takes the VM for other uses, and removes our tags."""
    env.world.change_machine(vm_id_of("host-01"), tags={"owner": "desk"})


def of_another_pool(env: RolloutEnvironment) -> None:
    """It was a host of another pool of ours."""
    value = tags(env, "host-01")[OUT_TAG].rsplit(" ", 1)[0]
    env.world.change_machine(vm_id_of("host-01"), tags=tags(env, "host-01") | {OUT_TAG: f"{value} 0123456789abcdef"})


@pytest.mark.parametrize("meanwhile", [moved, untagged, of_another_pool])
def test_a_vm_that_is_not_ours_any_more_is_never_touched(meanwhile: Callable[[RolloutEnvironment], None]) -> None:
    env = lost_after_the_end()
    meanwhile(env)
    before = env.world.machines[vm_id_of("host-01").lower()]
    calls = len([call for call in env.world.calls if call[0].startswith(("start", "update"))])
    assert search_pools(env.services) == []
    env.publish(policy=EAGER)
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.world.machines[vm_id_of("host-01").lower()] == before
    after = [call for call in env.world.calls if call[0].startswith(("start", "update"))][calls:]
    assert not [call for call in after if "host-01" in call[1]]


def test_a_host_that_an_administrator_removed_from_the_pool_is_left_alone() -> None:
    """While it is drained for its turn: nothing says that we removed it, so we did not."""
    env = office(1, 0, 0)
    env.publish(policy=EAGER)
    env.run_to_minute(30, until=lambda: "host-01" in env.rows and drained(env.rows["host-01"]))
    env.world.log_off("host-01")
    hosts(env).pop("host-01")
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.rows["host-01"].state is HostState.SKIPPED
    assert env.world.count("start_reimage", "host-01") == 0
    assert search_pools(env.services) == []
    assert tags(env, "host-01") == {}


def test_a_lost_host_is_rolled_back_with_the_others() -> None:
    env = office(0, 0, 0)
    env.publish(policy=EAGER)
    out_of_pool(env)
    lose_writes(env, "host-01", None)
    control.cancel(env.services, env.engine, env.rollout_id, "ann", CancelHow.ROLL_BACK)
    env.run_to_minute(900)
    assert_over(env, RolloutState.ROLLED_BACK)
    assert env.versions() == {OLD}
    assert_in_service_again(env, "host-01", "host-02", "host-03")


def test_a_cancelled_rollout_only_notes_its_lost_hosts() -> None:
    env = office(0, 0, 0)
    env.publish(policy=EAGER)
    out_of_pool(env)
    lose_writes(env, "host-01", None)
    cancel(env)
    env.run_to_minute(900)
    assert_over(env, RolloutState.CANCELLED)
    assert [lost.host for lost in env.pool.lost_hosts] == ["host-01"]


def test_a_worker_that_remembers_lost_writes_does_not_end_the_rollout_without_them() -> None:
    """The row of a host that was skipped goes back to pending, in the table only."""
    env = office(0, 0)
    env.world.add_host("host-03", version=NEW)
    env.publish(policy=EAGER)
    others = ("host-01", "host-02")
    env.run_to_minute(240, until=lambda: all(h in env.rows and env.rows[h].state is HostState.DONE for h in others))
    lose_writes(env, "host-03", pending)
    env.run_to_minute(900)
    assert_all_well(env)
    assert env.rows["host-03"].state is HostState.SKIPPED
