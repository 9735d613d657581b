"""Hosts that are left out of a rollout: by name, by the tag of their VM, or because others were chosen."""

from __future__ import annotations

from typing import Any

import pytest

from shared.access.two_people.approvers import Approver
from shared.core.codes import Code
from shared.core.names import EXCLUDE_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Selection
from shared.models.tasks import CancelHow
from shared.rollouts import control
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_in_service_again,
    assert_over,
    at_call,
    hosts,
    in_work,
    most,
    office,
    tags,
)
from tests.fixtures.world.azure import vm_id_of


def tag(env: RolloutEnvironment, host: str, value: str = "") -> None:
    """An operator tags the host's VM."""
    vm_id = vm_id_of(host).lower()
    machine = env.world.machines[vm_id]
    env.world.machines[vm_id] = machine.model_copy(update={"tags": machine.tags | {EXCLUDE_TAG.lower(): value}})


def publish(
    env: RolloutEnvironment,
    mode: ScheduleMode = ScheduleMode.ON_LOGOFF,
    *,
    policy: dict[str, Any] | None = None,
    **selection: Any,
) -> None:
    """Publish to chosen hosts."""
    env.publish(mode, policy=EAGER | (policy or {}), fields={"selection": Selection(**selection)})


def on(env: RolloutEnvironment, host: str) -> str | None:
    """The version that the host's disk was made from."""
    disk = env.world.machines[vm_id_of(host).lower()].os_disk_id
    return env.world.disks[disk or ""].rsplit("/", 1)[-1]


def reasons(env: RolloutEnvironment) -> dict[str, str]:
    """Why each skipped host was skipped."""
    return {host: row.reason.code for host, row in env.rows.items() if row.state is HostState.SKIPPED and row.reason}


@pytest.mark.parametrize("mode", list(ScheduleMode))
def test_a_host_left_out_by_name_is_never_touched(mode: ScheduleMode) -> None:
    env = office(0, 0, 2)
    publish(env, mode, exclude=("host-03",))
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert reasons(env) == {"host-03": Code.EXCLUDED}
    assert (on(env, "host-01"), on(env, "host-03")) == (NEW, OLD)
    assert [call for call in env.world.calls if call[1] == "host-03" and call[0] == "set_accepting"] == []
    assert env.world.messages == []
    assert env.pool.version == NEW


@pytest.mark.parametrize("value", ["", "no", "true"])
def test_a_tag_with_any_value_leaves_its_host_out(value: str) -> None:
    env = office(0, 0)
    tag(env, "host-01", value)
    publish(env)
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert reasons(env) == {"host-01": Code.EXCLUDED_BY_TAG}
    assert (on(env, "host-01"), on(env, "host-02")) == (OLD, NEW)


@pytest.mark.parametrize("call", ["session_hosts", "set_accepting", "session_host"])
def test_a_tag_that_appears_before_the_first_destructive_call_still_counts(call: str) -> None:
    env = office(0)
    publish(env)
    at_call(env.world, call, 1, lambda: tag(env, "host-01"))
    env.run_to_minute()
    if call == "session_host":  # the last look at the host comes after that at its VM: too late
        assert on(env, "host-01") == NEW
        return
    assert_over(env, RolloutState.SUCCEEDED)
    assert reasons(env) == {"host-01": Code.EXCLUDED_BY_TAG}
    assert on(env, "host-01") == OLD
    assert_in_service_again(env, "host-01")


def test_a_tag_on_a_host_that_waits_gives_it_back_once_it_is_empty() -> None:
    env = office(1, 0)
    publish(env)
    env.at(5, lambda: tag(env, "host-01"))
    env.at(10, lambda: env.world.log_off("host-01"))
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert reasons(env) == {"host-01": Code.EXCLUDED_BY_TAG}
    assert_in_service_again(env, "host-01")


def test_nobody_gets_a_version_that_no_host_got() -> None:
    env = office(0, 0)
    tag(env, "host-01")
    tag(env, "host-02")
    publish(env)
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.pool.version == OLD


def test_hosts_that_are_left_out_count_as_serving() -> None:
    env = office(0, 0, 0, 0)
    publish(env, policy={"min_available": 2}, exclude=("host-01", "host-02"))
    at_once = most(env, in_work)
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert at_once() == 2  # the two that are left out keep the floor


def test_a_canary_is_found_among_the_hosts_that_are_not_left_out() -> None:
    env = office(0, 0, 0)
    env.publish(
        policy={"canary_hosts": 2, "canary_hold": "approve"}, fields={"selection": Selection(only=("host-03",))}
    )
    env.run_to_minute(120)
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL
    control.approve(env.services, env.engine, env.rollout_id, Approver("", frozenset()), "ann")
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert {host for host in env.rows if on(env, host) == NEW} == {"host-03"}


@pytest.mark.parametrize("for_new_hosts", [False, True])
def test_the_pool_keeps_its_version_when_only_some_hosts_get_another(for_new_hosts: bool) -> None:
    env = office(0, 0, 0)
    publish(env, only=("host-02",), for_new_hosts=for_new_hosts)
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert reasons(env) == {"host-01": Code.NOT_CHOSEN, "host-03": Code.NOT_CHOSEN}
    assert env.pool.version == (NEW if for_new_hosts else OLD)
    given = env.app.send("GET", "/api/pools/office/image").json
    assert given["version"] == (NEW if for_new_hosts else OLD)
    shown = env.app.send("GET", "/api/pools/office").json
    assert shown["hosts_per_version"] == {OLD: 2, NEW: 1}
    seen = env.app.send("GET", f"/api/rollouts/{env.rollout_id}").json
    assert (seen["only"], seen["left_out"], seen["percent"]) == (["host-02"], 2, 100)


def test_while_only_some_hosts_are_updated_new_hosts_get_the_version_of_the_pool() -> None:
    env = office(0, 1)
    publish(env, only=("host-01", "host-02"))
    env.run_to_minute(60)
    assert on(env, "host-01") == NEW
    assert env.app.send("GET", "/api/pools/office/image").json["version"] == OLD
    env.world.add_host("host-09")
    env.run_to_minute(90)
    assert reasons(env) == {"host-09": Code.NOT_CHOSEN}


def test_a_roll_back_touches_no_host_that_was_left_out() -> None:
    env = office(0, 0, 1)
    publish(env, exclude=("host-02",))
    env.run_to_minute(60)
    control.cancel(env.services, env.engine, env.rollout_id, "ann", CancelHow.ROLL_BACK)
    env.run_to_minute()
    assert_over(env, RolloutState.ROLLED_BACK)
    assert {on(env, host) for host in env.rows} == {OLD}
    assert env.rows["host-02"].taken_at is None


def test_a_host_on_which_another_rollout_failed_stays_as_it_is_when_it_is_left_out() -> None:
    env = office(0, 0)
    env.world.reimage_works = False
    publish(env, policy={"strategy": "reimage", "on_failure": "continue", "retries": 0})
    env.run_to_minute()
    assert {row.state for row in env.rows.values()} == {HostState.FAILED}
    env.world.reimage_works = True
    before = tags(env, "host-01")
    publish(env, exclude=("host-01",))
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert (env.rows["host-01"].state, env.rows["host-02"].state) == (HostState.SKIPPED, HostState.DONE)
    assert "host-01" not in hosts(env)
    assert tags(env, "host-01") == before
    publish(env)
    env.run_to_minute()
    assert on(env, "host-01") == NEW
    assert_in_service_again(env, "host-01")
