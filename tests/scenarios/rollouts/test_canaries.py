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
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import assert_all_well, assert_over, cancel, hosts, office, pause, resume, tags

PROBE = {"name": "printers", "script": "exit 0"}


def canaries(drive: Drive) -> list[str]:
    return [host for host, row in drive.rows.items() if row.canary]


def touched(drive: Drive) -> set[str]:
    return {host for host, row in drive.rows.items() if row.taken_at}


def keep_watch(drive: Drive, *, until: list[bool]) -> None:
    """Fail when a rebuilt host serves before `until` holds something, or another host is touched."""

    def watch() -> None:
        if until:
            return
        assert touched(drive) <= set(canaries(drive))
        for name in canaries(drive):
            seen = hosts(drive).get(name)
            row = drive.rows[name]
            if row.state is HostState.VERIFYING and row.rebuild.completed_step in {
                "await_healthy",
                "probe_host",
                "bake_host",
            }:
                assert seen is None or not seen.accepting, f"{name} is in rotation unproved"

    drive.every_step.append(watch)


def approve(drive: Drive) -> None:
    drive.command(state=RolloutState.RUNNING, approved_at=drive.now, approved_by="ann")


def test_the_first_host_is_kept_out_of_rotation_while_it_bakes() -> None:
    drive = office(0, 0, 0, 0)
    over: list[bool] = []
    keep_watch(drive, until=over)
    drive.publish(policy={"bake_minutes": 60})
    drive.run(until=lambda: drive.rollout.canary_passed_at is not None)
    over.append(True)
    (first,) = canaries(drive)
    row = drive.rows[first]
    assert row.check.proving_since and row.check.proved_at
    assert row.check.proved_at >= row.check.proving_since + timedelta(minutes=60)
    drive.run(600)
    assert_all_well(drive)


def test_a_host_with_people_is_no_first_host_while_an_idle_one_is_there() -> None:
    drive = office(2, 1, 0)
    drive.publish(policy={"bake_minutes": 5, "min_available": 0})
    drive.run(30)
    assert canaries(drive) == ["host-03"]


def test_nothing_but_the_first_host_is_touched_until_somebody_approves() -> None:
    drive = office(0, 0, 0)
    over: list[bool] = []
    keep_watch(drive, until=over)
    drive.publish(policy={"canary_hold": "approve"})
    drive.run(600)
    assert drive.rollout.state is RolloutState.AWAITING_APPROVAL
    assert drive.rollout.awaiting_since
    assert drive.pool.version == OLD
    assert len(touched(drive)) == 1
    over.append(True)
    approve(drive)
    drive.run(1200)
    assert_all_well(drive)


def test_a_single_host_waits_for_approval_too() -> None:
    drive = office(0)
    drive.publish(policy={"canary_hold": "approve", "min_available": 0})
    drive.run(600)
    assert drive.rollout.state is RolloutState.AWAITING_APPROVAL
    assert not hosts(drive)["host-01"].accepting
    approve(drive)
    drive.run(700)
    assert_all_well(drive)


def test_an_approval_that_does_not_come_ends_the_rollout_and_the_first_host_stays_out() -> None:
    drive = office(0, 0)
    drive.publish(policy={"canary_hold": "approve", "poll_seconds": 900})
    drive.run(60 * 24 * 8)
    assert_over(drive, RolloutState.FAILED)
    assert str(drive.rollout.note).startswith("Nobody approved within 7 days, so the rollout ended.")
    first = next(host for host, row in drive.rows.items() if row.state is HostState.FAILED)
    assert "passed its checks, but the rollout was not approved" in drive.rows[first].error
    assert not hosts(drive)[first].accepting
    assert FAILED_TAG in tags(drive, first)
    assert drive.pool.version == OLD


def test_cancelled_while_it_waits_for_approval_leaves_the_unproved_host_out_of_rotation() -> None:
    drive = office(0, 0)
    drive.publish(policy={"canary_hold": "approve"})
    drive.run(600)
    cancel(drive)
    drive.run(660)
    assert_over(drive, RolloutState.CANCELLED)
    states = sorted(str(row.state) for row in drive.rows.values())
    assert states == ["failed", "skipped"]
    assert drive.versions() == {OLD, NEW}


def test_a_host_that_was_drained_to_go_first_is_given_back_when_another_one_is_quicker() -> None:
    drive = office(1, 1, 1, 1)
    drive.publish(policy={"canary_hold": "approve"}, force=600)
    drive.run(5)
    drained = [host for host, seen in hosts(drive).items() if not seen.accepting]
    assert len(drained) == 1
    quicker = next(host for host in sorted(hosts(drive), reverse=True) if host not in drained)
    drive.world.log_off(quicker)
    drive.run(120)
    assert drive.rollout.state is RolloutState.AWAITING_APPROVAL
    assert [host for host, seen in hosts(drive).items() if not seen.accepting] == [quicker]
    assert drive.rows[drained[0]].state is HostState.PENDING


def test_paused_and_resumed_while_waiting_it_asks_again() -> None:
    drive = office(0, 0)
    drive.publish(policy={"canary_hold": "approve"})
    drive.run(600)
    pause(drive)
    drive.run(660)
    resume(drive)
    drive.run(720)
    assert drive.rollout.state is RolloutState.AWAITING_APPROVAL


def test_a_probe_whose_exit_code_is_0_lets_the_others_follow() -> None:
    drive = office(0, 0, 0)
    drive.publish(policy={"probe": PROBE})
    drive.run(600)
    assert_all_well(drive)
    assert drive.world.count("start_probe") == 1


def test_the_mode_now_gets_a_first_host_when_there_is_something_to_prove() -> None:
    drive = office(0, 2, 0)
    drive.publish(ScheduleMode.NOW, policy={"probe": PROBE})
    drive.run(600)
    assert_all_well(drive)
    assert len(canaries(drive)) == 1


@pytest.mark.parametrize("retries", [0, 2])
def test_a_probe_that_fails_is_final_and_ends_the_rollout(retries: int) -> None:
    drive = office(0, 0, 0)
    drive.world.bad_versions.add(NEW)
    drive.publish(policy={"probe": PROBE, "retries": retries})
    drive.run(600)
    assert_over(drive, RolloutState.FAILED)
    (first,) = touched(drive)
    assert "probe printers failed" in drive.rows[first].error
    assert "no printer found" in drive.rows[first].error
    assert "probe_host" in tags(drive, first)[FAILED_TAG]
    assert drive.world.count("start_reimage") == 1
    assert drive.world.count("start_probe") == 1
    assert not hosts(drive)[first].accepting
    assert drive.pool.version == OLD


def test_a_probe_that_azure_forgot_is_run_again_and_not_taken_for_passed() -> None:
    drive = office(0, 0)
    drive.world.bad_versions.add(NEW)
    drive.publish(policy={"probe": PROBE})

    def forget() -> None:
        for token in [token for token, running in drive.world.running.items() if running.kind == "probe"]:
            del drive.world.running[token]

    drive.run(until=lambda: any(running.kind == "probe" for running in drive.world.running.values()))
    forget()
    drive.run(600)
    assert_over(drive, RolloutState.FAILED)
    assert drive.world.count("start_probe") == 2


def change(drive: Drive, host: str, **fields: Any) -> None:
    known = hosts(drive)
    known[host] = SessionHost.model_validate(known[host].model_dump() | fields)


def test_a_host_that_becomes_unhealthy_while_it_bakes_ends_the_rollout() -> None:
    drive = office(0, 0)
    drive.publish(policy={"bake_minutes": 120})
    drive.run(until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    (first,) = canaries(drive)
    change(drive, first, status="Unavailable")
    drive.run(600)
    assert_over(drive, RolloutState.FAILED)
    assert "Unavailable" in drive.rows[first].error
    assert len(touched(drive)) == 1


def test_a_short_absence_of_the_agent_while_baking_is_forgiven() -> None:
    drive = office(0, 0)
    drive.publish(policy={"bake_minutes": 120})
    drive.run(until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    (first,) = canaries(drive)
    minutes = (drive.now - NOON) / timedelta(minutes=1)
    drive.at(minutes + 10, lambda: change(drive, first, status="Upgrading"))
    drive.at(minutes + 20, lambda: change(drive, first, status="Unavailable"))
    drive.at(minutes + 23, lambda: change(drive, first, status="Available"))
    drive.run(900)
    assert_all_well(drive)


def test_a_baking_host_that_somebody_undrains_is_drained_again() -> None:
    drive = office(0, 0)
    drive.publish(policy={"bake_minutes": 60})
    drive.run(until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    (first,) = canaries(drive)
    change(drive, first, accepting=True)
    drive.run((drive.now - NOON) / timedelta(minutes=1) + 3)
    assert not hosts(drive)[first].accepting
    drive.run(900)
    assert_all_well(drive)


@pytest.mark.parametrize("command", [pause, cancel])
def test_a_rollout_that_stops_gives_no_unproved_host_to_the_users(command: Any) -> None:
    drive = office(0, 0)
    drive.publish(policy={"bake_minutes": 600})
    drive.run(until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    (first,) = canaries(drive)
    command(drive)
    drive.run((drive.now - NOON) / timedelta(minutes=1) + 120)
    assert not hosts(drive)[first].accepting
    assert len(touched(drive)) == 1


def test_the_process_may_die_at_any_call_of_a_canary_that_is_probed_and_bakes() -> None:
    whole = office(0, 0)
    whole.publish(policy={"probe": PROBE, "bake_minutes": 10})
    whole.run(900)
    assert_all_well(whole)
    for number in range(1, 400, 3):
        drive = office(0, 0)
        over: list[bool] = []
        keep_watch(drive, until=over)
        drive.publish(policy={"probe": PROBE, "bake_minutes": 10})
        drive.die_at_call(number)
        drive.run(until=lambda: drive.rollout.canary_passed_at is not None)  # noqa: B023 - run at once
        over.append(True)
        drive.run(1500)
        if not drive.died:
            break
        assert_all_well(drive)
        assert all(drive.world.count("start_reimage", host) == 1 for host in drive.rows)
