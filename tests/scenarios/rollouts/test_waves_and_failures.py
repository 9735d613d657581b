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
from shared.rollouts.reconcile.answer import WRITE_REFILL_GAPS
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.fakes.engine import FakeVirtualMachines
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import (
    EAGER,
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


def fail(drive: Drive, *names: str, kind: str = "register") -> None:
    for name in names:
        drive.world.fail_operation(kind, BOOM, target=vm_id_of(name))


def taken(drive: Drive) -> list[datetime]:
    return sorted(row.taken_at for row in drive.rows.values() if row.taken_at)


def ended(drive: Drive) -> list[datetime]:
    return sorted(row.ended_at for row in drive.rows.values() if row.state is HostState.DONE and row.ended_at)


def test_after_the_first_host_twice_as_many_are_dared_after_each_clean_round() -> None:
    drive = office(*[0] * 16)
    drive.publish(policy={"min_available": 0, "max_unavailable": "100%"}, reimage="works")
    widths: dict[int, int] = {}

    def watch() -> None:
        done = sum(row.state is HostState.DONE for row in drive.rows.values())
        widths[done] = max(widths.get(done, 0), in_work(drive))

    drive.every_step.append(watch)
    drive.run(900)
    assert_all_well(drive)
    assert widths[0] == 1
    assert max(widths[done] for done in (1, 2)) == 2
    assert max(widths[done] for done in (3, 4, 5, 6)) == 4
    assert max(widths.values()) <= 8


def test_without_a_first_host_nothing_is_held_back() -> None:
    drive = office(*[0] * 9)
    widest = most(drive, in_work)
    drive.publish(ScheduleMode.NOW, reimage="works")
    drive.run(900)
    assert_all_well(drive)
    assert widest() == 9


def test_a_failure_halves_what_is_dared() -> None:
    drive = office(*[0] * 12)
    drive.publish(policy=EAGER | {"max_in_flight": 4, "retries": 0, "on_failure": "continue"}, reimage="works")
    fail(drive, "host-01", "host-02")
    narrow: list[int] = []

    def watch() -> None:
        failures = sum(row.state is HostState.FAILED for row in drive.rows.values())
        waiting = sum(row.state is HostState.DRAINING for row in drive.rows.values())
        done = sum(row.state is HostState.DONE for row in drive.rows.values())
        if failures == 2 and waiting and done <= 2:
            narrow.append(in_work(drive))

    drive.every_step.append(watch)
    drive.run(900)
    assert_over(drive, RolloutState.FAILED)
    assert narrow
    assert narrow[-1] <= 2


def test_what_arm_has_left_to_write_with_bounds_what_is_begun_at_a_look() -> None:
    drive = office(*[0] * 6)
    drive.world.writes_left = 40 + 2 * 8
    widest = most(drive, lambda d: len({row.taken_at for row in d.rows.values() if row.taken_at}))
    drive.publish(ScheduleMode.NOW, reimage="works")
    drive.run(900)
    assert_all_well(drive)
    assert widest() == 3  # two at a look
    assert all(taken(drive).count(moment) <= 2 for moment in taken(drive))


def test_hosts_that_wait_for_arm_alone_are_begun_as_soon_as_it_has_more_and_not_at_the_next_poll() -> None:
    drive = office(*[0] * 6)
    drive.world.writes_left = 40 + 2 * 8
    drive.world.resumes_needed = 30  # so that no host is through meanwhile, and brings a look along
    drive.publish(ScheduleMode.NOW, policy=EAGER, reimage="works")
    drive.run(60, until=lambda: len(taken(drive)) == 6)
    waited = [later - earlier for earlier, later in pairwise(taken(drive))]
    assert max(waited) == timedelta(seconds=WRITE_REFILL_GAPS) < timedelta(seconds=drive.rollout.policy.poll_seconds)


def test_no_host_is_begun_that_would_not_end_inside_its_window() -> None:
    drive = office(*[0] * 8)
    drive.publish(
        policy=EAGER | {"max_in_flight": 1, "windows": [NIGHT]}, force=24 * 60 * 3, fields={"zone": "Europe/Berlin"}
    )
    drive.run(60 * 24 * 4)
    assert_all_well(drive)
    zone = ZoneInfo("Europe/Berlin")
    for moment in taken(drive):
        clock = moment.astimezone(zone)
        assert clock.hour >= 22 or clock.hour < 2, clock
        assert (clock + timedelta(minutes=5)).hour >= 22 or (clock + timedelta(minutes=5)).hour < 2


def test_a_window_that_closes_gives_waiting_hosts_back_and_lets_those_in_work_finish() -> None:
    drive = office(0, 1, 2)
    drive.world.resumes_needed = 3
    window = {"days": ["mon"], "from": "12:00", "to": "13:00"}
    nightly = {"days": ["tue"], "from": "12:00", "to": "13:00"}
    drive.publish(policy=EAGER | {"windows": [window, nightly], "settle_seconds": 0}, force=60 * 24 + 10)
    drive.run(30)
    assert {row.state for row in drive.rows.values()} >= {HostState.WAITING_FOR_LOGOFF}
    drive.run(120)
    waiting = [host for host, row in drive.rows.items() if row.state is HostState.PENDING]
    assert waiting == ["host-02", "host-03"]
    assert all(hosts(drive)[host].accepting for host in waiting)
    assert drive.rollout.state is RolloutState.RUNNING
    drive.run(60 * 48)
    assert_all_well(drive)


def test_outside_the_windows_nothing_starts_whoever_logs_off() -> None:
    drive = office(0, 1)
    drive.publish(policy=EAGER | {"windows": [NIGHT]}, force=24 * 60)
    drive.at(60, lambda: drive.world.log_off("host-02"))
    drive.run(60 * 9)
    assert drive.world.count("set_accepting") == 0
    assert drive.rows["host-01"].reason.text.startswith("waits for the maintenance window")
    drive.run(60 * 30)
    assert_all_well(drive)
    assert taken(drive)[0] >= NOON + timedelta(hours=10)


@pytest.mark.parametrize(("keep", "on"), [("one", 1), ("all", 3), ("none", 0)])
def test_failed_vms_are_left_running_as_the_policy_says_and_never_deleted(keep: str, on: int) -> None:
    drive = office(*[0] * 4)
    drive.publish(
        policy=EAGER | {"retries": 0, "on_failure": "continue", "keep_failed": keep, "max_in_flight": 1},
        reimage="works",
    )
    fail(drive, "host-01", "host-02", "host-03")
    drive.run(900)
    assert_over(drive, RolloutState.FAILED)
    failed = [host for host, row in drive.rows.items() if row.state is HostState.FAILED]
    assert len(failed) == 3
    for vm in [vm_id_of(host) for host in failed] * 2:
        drive.services.vms.find(vm)  # Azure goes on whether it is asked or not
    assert sum(drive.world.machines[vm_id_of(host).lower()].running for host in failed) == on
    assert all(FAILED_TAG in tags(drive, host) for host in failed)


def test_retry_takes_only_what_failed() -> None:
    drive = office(*[0] * 5)
    drive.publish(policy=EAGER | {"retries": 0, "max_failed": 0, "max_in_flight": 2}, reimage="works")
    fail(drive, "host-01")
    drive.run(300)
    assert drive.rollout.state is RolloutState.PAUSED
    before = {host: drive.world.count("start_reimage", host) for host in drive.rows}
    drive.command(state=RolloutState.RUNNING, retried_at=drive.now, resume_to=None, note=None, failures_accepted=0)
    drive.run(900)
    assert_all_well(drive)
    assert drive.rows["host-01"].attempt == 1
    done_before = [host for host, count in before.items() if count]
    assert all(drive.world.count("start_reimage", host) <= 1 for host in done_before)


def test_a_retry_of_a_host_that_is_out_of_the_pool_finds_it_although_no_list_shows_it() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "keep_failed": "none"}, reimage="works")
    fail(drive, "host-01", kind="join")
    drive.run(300)
    assert_over(drive, RolloutState.FAILED)
    assert "host-01" not in hosts(drive)
    first = drive.rollout_id
    drive.publish(policy=EAGER, fields={"retry_of": first})
    drive.run(900)
    assert_all_well(drive)
    assert set(drive.rows) == {"host-01"}
    assert hosts(drive)["host-01"].accepting


def test_the_next_rollout_finds_a_host_that_the_last_one_lost() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(drive, "host-02", kind="create")
    fail(drive, "host-02", kind="join")
    drive.run(300)
    assert_over(drive, RolloutState.FAILED)
    drive.publish(policy=EAGER)
    drive.run(900)
    assert_all_well(drive)
    assert set(drive.rows) == {"host-01", "host-02"}


def test_a_retry_keeps_what_was_noted_of_how_the_host_was_found() -> None:
    drive = office(0)
    drive.world.add_host("kept", accepting=False)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(drive, "kept", kind="join")
    drive.run(300)
    first = drive.rollout_id
    drive.publish(policy=EAGER, fields={"retry_of": first})
    drive.run(900)
    assert_all_well(drive)
    assert not hosts(drive)["kept"].accepting


def test_cancelled_in_the_midst_a_host_that_is_out_of_the_pool_is_named_as_failed() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(drive, "host-01", kind="join")
    drive.run(300)
    first = drive.rollout_id
    drive.publish(policy=EAGER, begin=600, fields={"retry_of": first}, force=900)
    drive.run(400)
    cancel(drive)
    drive.run(500)
    assert_over(drive, RolloutState.CANCELLED)
    assert drive.rows["host-01"].state is HostState.FAILED
    assert "out of the host pool" in drive.rows["host-01"].error


def test_a_retry_leaves_as_many_hosts_of_the_whole_pool_in_service_as_the_policy_wants() -> None:
    drive = office(0, 0, 0, 0)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    refused = AzureForbidden("set_accepting", 403, "AuthorizationFailed", "no")
    for host in ("host-01", "host-02"):
        drive.world.fail("set_accepting", refused, times=2, target=host)
    drive.run(300)
    first = drive.rollout_id
    assert [host for host, row in drive.rows.items() if row.state is HostState.FAILED] == ["host-01", "host-02"]
    for host in ("host-01", "host-02"):
        drive.world.change_host(vm_id_of(host), accepting=True)  # somebody lets them serve until there is time for them
    drive.world.change_host(vm_id_of("host-04"), status="Shutdown")
    serving = []
    drive.every_step.append(lambda: serving.append(sum(host.serving for host in hosts(drive).values())))
    drive.publish(policy=EAGER | {"min_available": 2}, fields={"retry_of": first})
    drive.run(900)
    assert_all_well(drive)
    assert min(serving) == 2


def test_a_pool_remembers_how_long_its_hosts_take() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER)
    drive.run(300)
    assert_all_well(drive)
    assert drive.pool.host_seconds
    assert 30 <= drive.pool.host_seconds <= 900
    assert drive.pool.last_rollout == drive.rollout_id


def test_hosts_of_the_world_are_what_the_report_says() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    fail(drive, "host-01", kind="reimage")
    drive.run(300)
    assert drive.rows["host-01"].version == OLD
    assert drive.rows["host-02"].version == NEW
    assert drive.now.utcoffset() == timedelta()
    assert HOST_POOL_ID.lower() in drive.world.hosts


def test_a_registration_of_an_earlier_attempt_that_comes_late_is_seen_before_the_next_rebuild() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"retries": 2}, reimage="works")
    drive.world.register_works = False
    drive.run(120, until=lambda: registering(drive.world))

    def come_back() -> None:
        drive.world.register_works = True
        FakeVirtualMachines(drive.world)._registered(vm_id_of("host-01"), HOST_POOL_ID.lower())
        drive.world.log_on("host-01", "eve")

    # The next attempt begins by making sure that it is out of its host pool; then it reads the VM.
    then = partial(drive.world.meanwhile, "machine", come_back, target="host-01")
    drive.world.meanwhile("remove_session_host", then, target="host-01")
    drive.run(600)
    assert drive.world.register_works
    assert drive.world.violations == []
    drive.world.log_off("host-01")
    drive.run(1200)
    assert_all_well(drive)
