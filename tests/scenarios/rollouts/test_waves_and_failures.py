"""How many hosts are dared at once, when work may be done at all, and what happens to hosts that fail."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from shared.core.errors import AzureForbidden, OperationFailed
from shared.core.names import FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Failures
from shared.rollouts.reconcile.answer import WRITE_REFILL_GAPS
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.fakes.engine import FakeVirtualMachines
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    cancel,
    hosts,
    in_work,
    most,
    office,
    registering,
    tags,
)
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of

BOOM = OperationFailed("reimage", None, "Boom", "no disk")
NIGHT = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "22:00", "to": "02:00"}


def fail(env: RolloutEnvironment, *names: str, kind: str = "register") -> None:
    for name in names:
        env.world.fail_operation(kind, BOOM, target=vm_id_of(name))


def taken(env: RolloutEnvironment) -> list[datetime]:
    return sorted(row.taken_at for row in env.rows.values() if row.taken_at)


def ended(env: RolloutEnvironment) -> list[datetime]:
    return sorted(row.ended_at for row in env.rows.values() if row.state is HostState.DONE and row.ended_at)


def test_the_batch_size_doubles_after_each_successful_batch() -> None:
    env = office(*[0] * 16)
    env.publish(policy={"min_available": 0, "max_unavailable": "100%"}, reimage="works")
    widths: dict[int, int] = {}

    def watch() -> None:
        done = sum(row.state is HostState.DONE for row in env.rows.values())
        widths[done] = max(widths.get(done, 0), in_work(env))

    env.each_step.append(watch)
    env.run_to_minute(900)
    assert_all_well(env)
    assert widths[0] == 1
    assert max(widths[done] for done in (1, 2)) == 2
    assert max(widths[done] for done in (3, 4, 5, 6)) == 4
    assert max(widths.values()) <= 8


def test_a_rollout_without_canary_hosts_starts_all_hosts_at_once() -> None:
    env = office(*[0] * 9)
    widest = most(env, in_work)
    env.publish(ScheduleMode.NOW, policy={"proof": "none"}, reimage="works")
    env.run_to_minute(900)
    assert_all_well(env)
    assert widest() == 9


def test_a_failure_halves_the_batch_size() -> None:
    env = office(*[0] * 12)
    env.publish(policy=EAGER | {"max_in_flight": 4, "retries": 0, "on_failure": "continue"}, reimage="works")
    fail(env, "host-01", "host-02")
    narrow: list[int] = []

    def watch() -> None:
        failures = sum(row.state is HostState.FAILED for row in env.rows.values())
        waiting = sum(row.state is HostState.DRAINING for row in env.rows.values())
        done = sum(row.state is HostState.DONE for row in env.rows.values())
        if failures == 2 and waiting and done <= 2:
            narrow.append(in_work(env))

    env.each_step.append(watch)
    env.run_to_minute(900)
    assert_over(env, RolloutState.FAILED)
    assert narrow
    assert narrow[-1] <= 2


def test_the_remaining_arm_writes_limit_the_hosts_started_in_a_pass() -> None:
    env = office(*[0] * 6)
    env.world.writes_left = 40 + 2 * 8
    widest = most(env, lambda d: len({row.taken_at for row in d.rows.values() if row.taken_at}))
    env.publish(ScheduleMode.NOW, policy={"proof": "none"}, reimage="works")
    env.run_to_minute(900)
    assert_all_well(env)
    assert widest() == 3  # two at a look
    assert all(taken(env).count(moment) <= 2 for moment in taken(env))


def test_hosts_that_wait_for_arm_writes_start_when_the_quota_refills() -> None:
    env = office(*[0] * 6)
    env.world.writes_left = 40 + 2 * 8
    env.world.resumes_needed = 30  # so that no host is through meanwhile, and brings a look along
    env.publish(ScheduleMode.NOW, policy=EAGER, reimage="works")
    env.run_to_minute(60, until=lambda: len(taken(env)) == 6)
    waited = [later - earlier for earlier, later in pairwise(taken(env))]
    assert max(waited) == timedelta(seconds=WRITE_REFILL_GAPS) < timedelta(seconds=env.rollout.policy.poll_seconds)


def test_no_host_starts_that_would_not_end_inside_its_window() -> None:
    env = office(*[0] * 8)
    env.publish(
        policy=EAGER | {"max_in_flight": 1, "windows": [NIGHT]}, force=24 * 60 * 3, fields={"zone": "Europe/Berlin"}
    )
    env.run_to_minute(60 * 24 * 4)
    assert_all_well(env)
    zone = ZoneInfo("Europe/Berlin")
    for moment in taken(env):
        clock = moment.astimezone(zone)
        assert clock.hour >= 22 or clock.hour < 2, clock
        assert (clock + timedelta(minutes=5)).hour >= 22 or (clock + timedelta(minutes=5)).hour < 2


def test_a_closing_window_returns_waiting_hosts_to_service_and_hosts_in_work_finish() -> None:
    env = office(0, 1, 2)
    env.world.resumes_needed = 3
    window = {"days": ["mon"], "from": "12:00", "to": "13:00"}
    nightly = {"days": ["tue"], "from": "12:00", "to": "13:00"}
    env.publish(policy=EAGER | {"windows": [window, nightly], "settle_seconds": 0}, force=60 * 24 + 10)
    env.run_to_minute(30)
    assert {row.state for row in env.rows.values()} >= {HostState.WAITING_FOR_LOGOFF}
    env.run_to_minute(120)
    waiting = [host for host, row in env.rows.items() if row.state is HostState.PENDING]
    assert waiting == ["host-02", "host-03"]
    assert all(hosts(env)[host].accepting for host in waiting)
    assert env.rollout.state is RolloutState.RUNNING
    env.run_to_minute(60 * 48)
    assert_all_well(env)


def test_a_logoff_outside_the_windows_starts_no_host() -> None:
    env = office(0, 1)
    env.publish(policy=EAGER | {"windows": [NIGHT]}, force=24 * 60)
    env.at(60, lambda: env.world.log_off("host-02"))
    env.run_to_minute(60 * 9)
    assert env.world.count("set_accepting") == 0
    assert env.rows["host-01"].reason.text.startswith("waits for the maintenance window")
    env.run_to_minute(60 * 30)
    assert_all_well(env)
    assert taken(env)[0] >= NOON + timedelta(hours=10)


@pytest.mark.parametrize(("keep", "on"), [("one", 1), ("all", 3), ("none", 0)])
def test_failed_vms_keep_running_as_the_policy_says_and_are_never_deleted(keep: str, on: int) -> None:
    env = office(*[0] * 4)
    env.publish(
        policy=EAGER | {"retries": 0, "on_failure": "continue", "keep_failed": keep, "max_in_flight": 1},
        reimage="works",
    )
    fail(env, "host-01", "host-02", "host-03")
    env.run_to_minute(900)
    assert_over(env, RolloutState.FAILED)
    failed = [host for host, row in env.rows.items() if row.state is HostState.FAILED]
    assert len(failed) == 3
    for vm in [vm_id_of(host) for host in failed] * 2:
        env.services.vms.find(vm)  # Azure goes on whether it is asked or not
    assert sum(env.world.machines[vm_id_of(host).lower()].running for host in failed) == on
    assert all(FAILED_TAG in tags(env, host) for host in failed)


def test_retry_updates_only_failed_hosts() -> None:
    env = office(*[0] * 5)
    env.publish(policy=EAGER | {"retries": 0, "max_failed": 0, "max_in_flight": 2}, reimage="works")
    fail(env, "host-01")
    env.run_to_minute(300)
    assert env.rollout.state is RolloutState.PAUSED
    before = {host: env.world.count("start_reimage", host) for host in env.rows}
    env.command(state=RolloutState.RUNNING, failures=Failures(retried_at=env.now), resume_to=None, note=None)
    env.run_to_minute(900)
    assert_all_well(env)
    assert env.rows["host-01"].attempt == 1
    done_before = [host for host, count in before.items() if count]
    assert all(env.world.count("start_reimage", host) <= 1 for host in done_before)


def test_a_retry_finds_a_host_that_is_out_of_the_pool() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "keep_failed": "none"}, reimage="works")
    fail(env, "host-01", kind="join")
    env.run_to_minute(300)
    assert_over(env, RolloutState.FAILED)
    assert "host-01" not in hosts(env)
    first = env.rollout_id
    env.publish(policy=EAGER, fields={"retry_of": first})
    env.run_to_minute(900)
    assert_all_well(env)
    assert set(env.rows) == {"host-01"}
    assert hosts(env)["host-01"].accepting


def test_the_next_rollout_finds_a_host_lost_by_the_previous_one() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(env, "host-02", kind="create")
    fail(env, "host-02", kind="join")
    env.run_to_minute(300)
    assert_over(env, RolloutState.FAILED)
    env.publish(policy=EAGER)
    env.run_to_minute(900)
    assert_all_well(env)
    assert set(env.rows) == {"host-01", "host-02"}


def test_a_retry_keeps_the_recorded_original_state_of_a_host() -> None:
    env = office(0)
    env.world.add_host("kept", accepting=False)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(env, "kept", kind="join")
    env.run_to_minute(300)
    first = env.rollout_id
    env.publish(policy=EAGER, fields={"retry_of": first})
    env.run_to_minute(900)
    assert_all_well(env)
    assert not hosts(env)["kept"].accepting


def test_cancelling_reports_a_host_that_is_out_of_the_pool_as_failed() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(env, "host-01", kind="join")
    env.run_to_minute(300)
    first = env.rollout_id
    env.publish(policy=EAGER, begin=600, fields={"retry_of": first}, force=900)
    env.run_to_minute(400)
    cancel(env)
    env.run_to_minute(500)
    assert_over(env, RolloutState.CANCELLED)
    assert env.rows["host-01"].state is HostState.FAILED
    assert "out of the host pool" in env.rows["host-01"].error


def test_a_retry_respects_min_available_of_the_whole_pool() -> None:
    env = office(0, 0, 0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    refused = AzureForbidden("set_accepting", 403, "AuthorizationFailed", "no")
    for host in ("host-01", "host-02"):
        env.world.fail("set_accepting", refused, times=2, target=host)
    env.run_to_minute(300)
    first = env.rollout_id
    assert [host for host, row in env.rows.items() if row.state is HostState.FAILED] == ["host-01", "host-02"]
    for host in ("host-01", "host-02"):
        env.world.change_host(vm_id_of(host), accepting=True)  # somebody lets them serve until there is time for them
    env.world.change_host(vm_id_of("host-04"), status="Shutdown")
    serving = []
    env.each_step.append(lambda: serving.append(sum(host.serving for host in hosts(env).values())))
    env.publish(policy=EAGER | {"min_available": 2}, fields={"retry_of": first})
    env.run_to_minute(900)
    assert_all_well(env)
    assert min(serving) == 2


def test_a_pool_records_how_long_its_hosts_take() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER)
    env.run_to_minute(300)
    assert_all_well(env)
    assert env.pool.host_seconds
    assert 30 <= env.pool.host_seconds <= 900
    assert env.pool.last_rollout == env.rollout_id


def test_the_report_agrees_with_the_hosts_in_azure() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(env, "host-01", kind="reimage")
    env.run_to_minute(300)
    assert env.rows["host-01"].version == OLD
    assert env.rows["host-02"].version == NEW
    assert env.now.utcoffset() == timedelta()
    assert HOST_POOL_ID.lower() in env.world.hosts


def test_a_late_registration_of_an_earlier_attempt_is_noticed_before_the_next_rebuild() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 2}, reimage="works")
    env.world.register_works = False
    env.run_to_minute(120, until=lambda: registering(env.world))

    def come_back() -> None:
        env.world.register_works = True
        FakeVirtualMachines(env.world)._registered(vm_id_of("host-01"), HOST_POOL_ID.lower())
        env.world.log_on("host-01", "eve")

    # The next attempt begins by making sure that it is out of its host pool; then it reads the VM.
    then = partial(env.world.meanwhile, "machine", come_back, target="host-01")
    env.world.meanwhile("remove_session_host", then, target="host-01")
    env.run_to_minute(600)
    assert env.world.register_works
    assert env.world.violations == []
    env.world.log_off("host-01")
    env.run_to_minute(1200)
    assert_all_well(env)
