"""Going back: every host that was touched is what it was, by its kept disk if it is there, and nobody is thrown out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import OperationFailed
from shared.core.names import FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import EntraJoin
from shared.models.rollout_parts import Rollback
from shared.models.rollouts import RolloutKind
from shared.rollouts.hosts import vm_marks
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.messages import told
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_in_service_again,
    assert_over,
    cancel,
    hosts,
    in_work,
    office,
    pause,
    resume,
)
from tests.fixtures.world.azure import version_id_of, vm_id_of

ALL_AT_ONCE = EAGER | {"settle_seconds": 0}


def roll_back(env: RolloutEnvironment) -> None:
    """An operator cancels the rollout with everything going back."""
    note = told("Rolled back by ann.")
    rollback = Rollback(since=env.now, reason=note)
    env.command(state=RolloutState.ROLLING_BACK, rollback=rollback, resume_to=None, note=note)


def minutes(env: RolloutEnvironment) -> float:
    return (env.now - NOON) / timedelta(minutes=1)


def half_way(env: RolloutEnvironment) -> None:
    """Run until some hosts are through and others are not."""
    env.run_to_minute(until=lambda: any(row.state is HostState.DONE for row in env.rows.values()))


def assert_back(env: RolloutEnvironment) -> None:
    """Every host is on the old version, in service, and so is the pool."""
    assert_over(env, RolloutState.ROLLED_BACK)
    assert env.versions() == {OLD}
    assert env.pool.version == OLD
    assert_in_service_again(env, *env.rows)


def test_cancel_with_roll_back_gives_every_updated_host_its_old_disk() -> None:
    env = office(0, 0, 0, 0)
    old = {vm: machine.os_disk_id for vm, machine in env.world.machines.items()}
    env.publish(policy={"max_in_flight": 2, "canary_hosts": 0})
    half_way(env)
    roll_back(env)
    env.run_to_minute(900)
    assert_back(env)
    assert {vm: machine.os_disk_id for vm, machine in env.world.machines.items()} == old
    assert env.world.count("start_reimage") == env.world.count("start_swap")
    assert str(env.rollout.note) == "Rolled back by ann."


def test_hosts_of_an_entra_pool_are_rolled_back_by_re_imaging() -> None:
    """The device of what is on the kept disk was deleted: nothing would trust it."""
    env = office(0, 0, 0, 0)
    env.publish(policy={"max_in_flight": 2, "canary_hosts": 0}, join=EntraJoin(kind="entra"))
    half_way(env)
    roll_back(env)
    env.run_to_minute(900)
    assert_back(env)
    assert env.world.count("start_swap") == 0


def test_the_version_of_a_swapped_host_comes_from_its_disk() -> None:
    env = office(0)
    env.publish(policy=ALL_AT_ONCE)
    half_way(env)
    env.publish(fields={"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)})
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.world.count("start_swap") == 1
    env.publish(policy=ALL_AT_ONCE)  # forward again: the host must not be taken for updated
    env.run_to_minute(1500)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.versions() == {NEW}
    assert env.world.count("start_reimage") == 2


def test_without_a_kept_disk_a_host_is_reimaged_to_its_old_version() -> None:
    env = office(0, 0, 0)
    env.publish(policy={"keep_old_disk_days": 0, "canary_hosts": 0, "max_in_flight": 1})
    half_way(env)
    roll_back(env)
    env.run_to_minute(900)
    assert_back(env)
    assert env.world.count("start_swap") == 0


def test_a_kept_disk_that_does_not_start_is_followed_by_a_reimage() -> None:
    env = office(0)
    env.publish(policy=ALL_AT_ONCE)
    half_way(env)
    env.world.register_works = False
    env.publish(
        policy={"retries": 1},
        fields={"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)},
    )

    def mend() -> None:
        env.world.register_works = env.world.register_works or env.rows["host-01"].attempt > 1

    env.each_step.append(mend)
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.versions() == {OLD}
    assert env.world.count("start_swap") == 1
    assert env.world.count("start_reimage") == 2


def test_a_missing_kept_disk_is_replaced_by_a_reimage() -> None:
    env = office(0, 0)
    env.publish(policy=ALL_AT_ONCE)
    half_way(env)
    kept = [disk.disk_id for disk in env.tables.disks.all("office")]
    env.world.disks.pop(kept[0])
    roll_back(env)
    env.run_to_minute(900)
    assert_back(env)


def test_users_on_updated_hosts_are_not_signed_out_before_force_at() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"max_in_flight": 1}, force=300)
    half_way(env)
    done = next(host for host, row in env.rows.items() if row.state is HostState.DONE)
    env.world.log_on(done, "eve")
    roll_back(env)
    env.run_to_minute(299)
    assert env.world.count("sign_out") == 0
    assert env.rows[done].state is HostState.WAITING_FOR_LOGOFF
    env.run_to_minute(900)
    assert_back(env)
    assert env.world.count("sign_out") == 1


def test_new_hosts_get_the_old_version_as_soon_as_a_roll_back_starts() -> None:
    env = office(0, 0, 0)
    env.publish(policy={"min_available": 0}, previous_version="0.9.0")
    env.run_to_minute(until=lambda: env.pool.version == NEW)
    assert env.pool.previous_version == OLD
    env.command(before=env.rollout.before.replace(previous_version="0.9.0"))
    roll_back(env)
    env.run_to_minute(minutes(env) + 1)
    assert env.pool.version == OLD
    env.run_to_minute(900)
    assert_back(env)
    assert env.pool.previous_version == "0.9.0"


def test_a_failed_host_is_rolled_back_too() -> None:
    env = office(0, 0)
    env.publish(policy={"max_in_flight": 1, "canary_hosts": 0, "retries": 0, "on_failure": "continue"})
    env.world.register_works = False
    env.run_to_minute(until=lambda: any(row.state is HostState.FAILED for row in env.rows.values()))
    env.world.register_works = True
    roll_back(env)
    env.run_to_minute(900)
    assert_back(env)
    assert not any(FAILED_TAG in machine.tags for machine in env.world.machines.values())


@pytest.mark.parametrize("canary", [0, 1])
def test_too_many_failures_start_a_roll_back_when_the_policy_says_so(canary: int) -> None:
    env = office(0, 0, 0, 0)
    env.publish(
        policy={"on_failure": "roll_back", "max_failed": 0, "canary_hosts": canary, "retries": 0, "max_in_flight": 2}
    )
    for host in ("host-01", "host-02"):
        boom = OperationFailed("register", None, "Boom", "no agent")
        env.world.fail_operation("register", boom, target=vm_id_of(host))
    env.run_to_minute(900)
    assert_back(env)
    assert "rolled back" in str(env.rollout.note)


def test_a_baking_canary_host_is_rolled_back_at_once() -> None:
    env = office(0, 0)
    env.publish(policy={"bake_minutes": 1_000})
    env.run_to_minute(until=lambda: any(row.check.proving_since for row in env.rows.values()))
    roll_back(env)
    env.run_to_minute(minutes(env) + 60)
    assert_back(env)


def test_a_host_that_cannot_be_rolled_back_fails_with_a_reason() -> None:
    env = office(0, 0)
    env.publish(policy={"canary_hosts": 0, "max_in_flight": 1, "retries": 0})
    half_way(env)
    env.world.register_works = False
    roll_back(env)
    env.run_to_minute(900)
    assert_over(env, RolloutState.FAILED)
    assert "could not be rolled back" in str(env.rollout.note)
    assert env.pool.version == OLD


def test_a_roll_back_can_be_paused_resumed_and_cancelled() -> None:
    env = office(0, 0, 0, 0)
    env.publish(policy={"canary_hosts": 0, "max_in_flight": 1})
    env.run_to_minute(until=lambda: sum(row.state is HostState.DONE for row in env.rows.values()) == 3)
    roll_back(env)
    env.run_to_minute(until=lambda: any(row.rolling_back and row.state.in_work for row in env.rows.values()))
    pause(env)
    env.run_to_minute(minutes(env) + 120)
    assert env.rollout.state is RolloutState.PAUSED
    assert in_work(env) == 0
    went = sum(row.rolling_back and row.state is HostState.DONE for row in env.rows.values())
    resume(env)
    env.run_to_minute(
        until=lambda: sum(row.rolling_back and row.state is HostState.DONE for row in env.rows.values()) > went
    )
    cancel(env)
    env.run_to_minute(minutes(env) + 120)
    assert_over(env, RolloutState.CANCELLED)
    assert env.pool.version == OLD


def test_hosts_found_switched_off_or_drained_end_that_way() -> None:
    env = office(0, 0)
    env.world.add_host("off", power="deallocated")
    env.world.add_host("kept", accepting=False)
    env.publish(policy=ALL_AT_ONCE)
    env.run_to_minute(until=lambda: sum(row.state is HostState.DONE for row in env.rows.values()) == 3)
    roll_back(env)
    env.run_to_minute(900)
    assert_over(env, RolloutState.ROLLED_BACK)
    assert env.versions() == {OLD}
    assert not hosts(env)["kept"].accepting
    assert not env.world.machines[vm_id_of("off").lower()].running
    assert all(vm_marks.EXCLUSION_TAG not in machine.tags for machine in env.world.machines.values())


def test_the_process_may_die_at_any_call_of_a_roll_back() -> None:
    for number in range(1, 300, 2):
        env = office(0, 1)
        env.publish(ScheduleMode.NOW, policy=ALL_AT_ONCE | {"max_in_flight": 1})
        half_way(env)
        roll_back(env)
        env.die_at_call(number)
        env.run_to_minute(1500)
        assert_back(env)
        assert env.world.count("start_swap") <= 2
        if not env.died:
            break


def test_users_on_updated_hosts_are_warned_before_the_roll_back_signs_them_out() -> None:
    env = office(0, 0, 0)
    env.publish(policy=EAGER | {"max_in_flight": 1, "on_failure": "roll_back", "max_failed": 0, "retries": 0}, force=1)
    half_way(env)
    done = next(host for host, row in env.rows.items() if row.state is HostState.DONE)
    env.world.log_on(done, "eve")
    left = next(host for host, row in env.rows.items() if not row.state.ended)
    env.world.fail_operation("register", OperationFailed("register", None, "Boom", "no agent"), target=vm_id_of(left))
    env.run_to_minute(until=lambda: env.rollout.state is RolloutState.ROLLING_BACK)
    began = env.now
    env.run_to_minute(until=lambda: env.world.count("sign_out") > 0)
    assert env.now >= began + timedelta(minutes=15)
    assert len(env.world.messages) >= 3
    env.run_to_minute(minutes(env) + 300)
    assert_back(env)
