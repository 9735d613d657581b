"""Whole rollouts in virtual time: the three modes, every way a host can go, and what is given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureBusy, AzureForbidden, OperationFailed
from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import ReimageSupport
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.scenarios.rollouts import RolloutEnvironment, assert_all_well, assert_over, office, reimaged
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of


def test_on_logoff_rebuilds_idle_hosts_at_once_and_others_when_their_users_leave() -> None:
    env = office(0, 0, 2, 1)
    env.publish(policy={"min_available": 1, "max_unavailable": "100%"})
    env.at(100, lambda: env.world.log_off("host-03"))
    env.at(130, lambda: env.world.log_off("host-04"))
    env.run_to_minute(60)
    done = {host for host, row in env.rows.items() if row.state is HostState.DONE}
    assert done == {"host-01", "host-02"}
    env.run_to_minute(239)
    assert_all_well(env)
    assert env.world.count("sign_out") == 0
    assert set(reimaged(env).values()) == {1}


def test_on_logoff_signs_the_remaining_users_out_at_the_deadline_and_not_before() -> None:
    env = office(0, 2, 1)
    env.publish(force=120)
    env.run_to_minute(119.9)
    assert env.world.count("sign_out") == 0
    env.run_to_minute(300)
    assert_all_well(env)
    assert env.rollout.progress.signed_out == 3


def test_a_running_rollout_is_never_shown_with_only_some_of_its_hosts() -> None:
    env = office(0, 0, 2, 1)
    shown: list[tuple[RolloutState, int]] = []
    env.world.meanwhile("set_accepting", lambda: shown.append((env.rollout.state, len(env.rows))))
    env.publish(policy={"min_available": 1, "max_unavailable": "100%"})
    env.run(60)
    assert shown == [(RolloutState.RUNNING, 4)]


def test_now_signs_everybody_out_and_updates_all() -> None:
    env = office(2, 0, 1)
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(120)
    assert_all_well(env)
    assert env.rollout.progress.signed_out == 3
    assert [body.split(" (in ")[1].split(".")[0] for _, _, body in env.world.messages] == ["1 min)"] * 3


def test_at_changes_nothing_before_its_time_except_warnings() -> None:
    env = office(1, 0)
    env.publish(ScheduleMode.AT, begin=120)
    env.run_to_minute(119.9)
    assert env.world.count("set_accepting") + env.world.count("sign_out") + env.world.count("update") == 0
    assert [body.split("(in ")[1].split(" ")[0] for _, _, body in env.world.messages] == ["60", "15", "5", "1"]
    env.run_to_minute(300)
    assert_all_well(env)


def test_a_session_is_warned_once_per_step_and_a_late_session_gets_the_current_step() -> None:
    env = office(1, 0)
    env.publish(force=120, policy={"min_available": 0, "warn_minutes": (60, 15)})
    env.at(30, lambda: env.world.log_on("host-01", "early"))
    env.at(80, lambda: env.world.log_on("host-01", "late"))
    env.run_to_minute(119)
    per_session: dict[str, int] = {}
    for session, _, _ in env.world.messages:
        per_session[session] = per_session.get(session, 0) + 1
    assert sorted(per_session.values()) == [2, 2, 2]


def test_a_drained_host_must_be_empty_twice_settle_seconds_apart() -> None:
    env = office(0)
    env.publish(policy={"settle_seconds": 600, "min_available": 0, "canary_hosts": 0})
    env.run_to_minute(19.9)
    assert env.rows["host-01"].state is HostState.DRAINING
    assert env.world.count("start_reimage") == 0
    env.run_to_minute(60)
    assert_all_well(env)


def test_a_user_who_signs_in_while_the_drain_settles_is_not_signed_out() -> None:
    env = office(0)
    env.publish(policy={"settle_seconds": 60, "min_available": 0, "canary_hosts": 0})
    env.at(1.5, lambda: env.world.log_on("host-01", "brokered during the drain"))
    env.run_to_minute(100)
    assert env.rows["host-01"].state is HostState.WAITING_FOR_LOGOFF
    assert env.world.count("start_reimage") == 0
    env.at(110, lambda: env.world.log_off("host-01"))
    env.run_to_minute(200)
    assert_all_well(env)


def test_a_session_just_before_the_destructive_step_stops_it() -> None:
    env = office(0)
    env.publish(policy={"settle_seconds": 60, "min_available": 0, "canary_hosts": 0})
    env.run_to_minute(until=lambda: env.rows.get("host-01") is not None and env.rows["host-01"].state.in_work)
    env.world.log_on("host-01", "last second")
    env.run_to_minute(30)
    assert env.world.count("start_reimage") == 0
    assert env.rows["host-01"].state is HostState.WAITING_FOR_LOGOFF
    env.at(40, lambda: env.world.log_off("host-01"))
    env.run_to_minute(120)
    assert_all_well(env)


def test_an_undrained_host_is_drained_again_at_the_deadline_before_it_is_touched() -> None:
    env = office(1)
    env.publish(policy={"settle_seconds": 60, "min_available": 0, "canary_hosts": 0})
    env.run_to_minute(10)
    key = env.world.hosts[HOST_POOL_ID.lower()]
    key["host-01"] = key["host-01"].model_copy(update={"accepting": True})
    env.world.log_off("host-01")
    env.run_to_minute(120)
    assert key["host-01"].accepting
    env.run_to_minute(300)
    assert_all_well(env)
    assert env.world.count("set_accepting", "host-01") >= 2


def test_drained_and_powered_off_hosts_return_to_their_original_state() -> None:
    env = office(0, 0)
    env.world.add_host("host-03", accepting=False)
    env.world.add_host("host-04", power="deallocated")
    env.publish(policy={"max_unavailable": "100%"})
    env.run_to_minute(200)
    assert_all_well(env)
    hosts = env.world.hosts[HOST_POOL_ID.lower()]
    assert not hosts["host-03"].accepting
    assert env.world.machines[vm_id_of("host-04").lower()].power == "deallocated"
    assert hosts["host-01"].accepting
    assert hosts["host-04"].accepting


def test_a_foreign_exclusion_tag_is_restored() -> None:
    env = office(0)
    env.world.add_host("host-02", tags={EXCLUSION_TAG: "mine", "cost": "7"})
    env.publish(policy={"min_available": 0})
    env.run_to_minute(200)
    assert env.rollout.state is RolloutState.SUCCEEDED
    assert env.world.machines[vm_id_of("host-02").lower()].tags == {EXCLUSION_TAG: "mine", "cost": "7"}


def test_hosts_on_the_target_are_skipped_and_untouched() -> None:
    env = office(0)
    env.world.add_host("host-02", version=NEW, users=1)
    env.publish(policy={"min_available": 0})
    env.run_to_minute(200)
    assert env.rows["host-02"].state is HostState.SKIPPED
    assert env.world.count("set_accepting", "host-02") == 0
    assert_all_well(env)


def test_min_available_and_session_capacity_hold_until_the_deadline() -> None:
    env = office(2, 2, 2, 2, 2)
    env.publish(policy={"min_available": 2, "canary_hosts": 0}, force=200)
    least = [5]

    def watch() -> None:
        serving = sum(host.serving for host in env.world.hosts[HOST_POOL_ID.lower()].values())
        if env.now < NOON + timedelta(minutes=200):
            least[0] = min(least[0], serving)

    env.each_step.append(watch)
    for number in range(1, 6):
        env.at(10 * number, lambda number=number: env.world.log_off(f"host-{number:02}"))  # type: ignore[misc]
    env.run_to_minute(199)
    assert least[0] == 2
    assert_all_well(env)


def test_a_failed_canary_ends_the_rollout_before_any_other_host_is_touched() -> None:
    env = office(0, 0, 0, 0)
    env.world.register_works = False
    env.publish()
    env.run_to_minute(600)
    assert_over(env, RolloutState.FAILED)
    assert "failed" in str(env.rollout.note)
    touched = [host for host, row in env.rows.items() if row.state is not HostState.SKIPPED]
    assert len(touched) == 1
    assert env.rows[touched[0]].state is HostState.FAILED
    error = env.rows[touched[0]].error
    assert error.startswith("while waiting until the broker reports the host as healthy: did not finish within")
    assert "await_healthy" not in error
    assert env.pool.version == OLD


def test_a_failed_host_stays_drained_and_tagged_while_the_rollout_continues() -> None:
    env = office(0, 0, 0, 0)
    env.world.fail_operation("reimage", OperationFailed("reimage", None, "Boom", "no disk"), target=vm_id_of("host-03"))
    env.publish(policy={"retries": 0, "max_unavailable": "100%"})
    env.run_to_minute(600)
    assert env.rollout.state is RolloutState.FAILED
    assert env.rows["host-03"].state is HostState.FAILED
    tags = env.world.machines[vm_id_of("host-03").lower()].tags
    assert "Boom" in tags[FAILED_TAG]
    assert EXCLUSION_TAG not in tags
    assert sum(row.state is HostState.DONE for row in env.rows.values()) == 3
    assert env.world.violations == []


def test_a_failed_step_is_retried() -> None:
    env = office(0)
    env.world.fail_operation("reimage", OperationFailed("reimage", None, "Boom", "no disk"))
    env.publish(policy={"min_available": 0})
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.rows["host-01"].attempt == 2


def test_auto_replaces_a_vm_that_reimaging_does_not_update() -> None:
    env = office(0, 0, 0)
    env.world.reimage_works = False
    env.publish(policy={"max_unavailable": "100%"})
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.pool.reimage is ReimageSupport.UNSUPPORTED
    assert env.world.count("start_reimage") == 1
    assert env.world.count("start_create") == 3


def test_auto_marks_a_pool_where_reimaging_works() -> None:
    env = office(0, 0)
    env.publish(policy={"min_available": 0})
    env.run_to_minute(600)
    assert env.pool.reimage is ReimageSupport.WORKS


def test_replace_recreates_the_vm() -> None:
    env = office(0, 0)
    env.publish(policy={"min_available": 0, "strategy": "replace"})
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.world.count("start_delete") == env.world.count("start_create") == 2
    assert env.world.count("start_reimage") == 0


@pytest.mark.parametrize(
    "method",
    ["session_hosts", "set_accepting", "machine", "update", "start_reimage", "resume", "start_join", "start_register",
     "registration_token", "session_host", "remove_session_host", "disk_version", "host_sessions", "machines"],
)  # fmt: skip
def test_throttling_slows_a_rollout_and_fails_no_host(method: str) -> None:
    env = office(0, 0, 0)
    busy = AzureBusy("call", 429, "TooManyRequests", "slow down", retry_after=17)
    env.world.fail(method, busy, times=5)
    env.publish(policy={"min_available": 0})
    env.run_to_minute(600)
    assert_all_well(env)
    assert set(reimaged(env).values()) == {1} or method == "start_reimage"


def test_a_failed_sign_out_fails_the_host_and_keeps_the_session() -> None:
    env = office(1, 0)
    env.world.stuck_sessions = {session.id for session in env.world.sessions[HOST_POOL_ID.lower()]}
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(120)
    assert env.rows["host-01"].state is HostState.FAILED
    assert "could not be signed out" in env.rows["host-01"].error
    assert env.rollout.progress.signed_out == 0  # asked for, but it did not work
    assert env.rows["host-02"].state is HostState.DONE
    assert env.world.count("start_reimage", "host-01") == 0
    assert env.world.violations == []


def test_cancel_finishes_hosts_in_work_and_returns_the_others_to_service() -> None:
    env = office(0, 1, 1, 1)
    env.publish(policy={"canary_hosts": 0, "min_available": 1})
    env.run_to_minute(until=lambda: any(row.state.in_work for row in env.rows.values()))
    env.command(state=RolloutState.CANCELLING)
    env.run_to_minute(600)
    assert env.rollout.state is RolloutState.CANCELLED
    assert env.rows["host-01"].state is HostState.DONE
    assert {row.state for row in env.rows.values()} == {HostState.DONE, HostState.SKIPPED}
    assert all(host.accepting for host in env.world.hosts[HOST_POOL_ID.lower()].values())
    assert all(EXCLUSION_TAG not in machine.tags for machine in env.world.machines.values())
    assert env.pool.running_rollout == ""


def test_pause_starts_no_host_and_resume_continues() -> None:
    env = office(0, 0, 0, 0)
    env.publish(policy={"canary_hosts": 0, "max_unavailable": 1})
    env.run_to_minute(until=lambda: any(row.state.in_work for row in env.rows.values()))
    env.command(state=RolloutState.PAUSED)
    env.run_to_minute(200)
    assert sum(row.state is HostState.DONE for row in env.rows.values()) == 1
    assert env.world.count("start_reimage") == 1
    env.command(state=RolloutState.RUNNING)
    env.run_to_minute(600)
    assert_all_well(env)


def test_hosts_that_appear_or_vanish_during_a_rollout_are_handled() -> None:
    env = office(0, 1, 0)
    env.publish(policy={"max_unavailable": 1, "min_available": 1})
    env.at(5, lambda: env.world.add_host("host-09"))
    env.at(6, lambda: env.world.hosts[HOST_POOL_ID.lower()].pop("host-03", None))
    env.run_to_minute(600)
    assert env.rows["host-09"].state is HostState.DONE
    assert all(row.state.ended for row in env.rows.values())
    assert env.rollout.state is RolloutState.SUCCEEDED


def test_a_ghost_host_is_skipped_with_the_reason() -> None:
    env = office(0)
    env.world.add_host("ghost")
    del env.world.machines[vm_id_of("ghost").lower()]
    env.publish(policy={"min_available": 0})
    env.run_to_minute(600)
    assert env.rows["ghost"].state is HostState.SKIPPED
    assert "VM does not exist" in env.rows["ghost"].reason.text
    assert env.rollout.state is RolloutState.SUCCEEDED


def test_a_missing_right_is_reported_and_no_host_is_touched() -> None:
    env = office(0, 0)
    env.world.fail("update", AzureForbidden("update", 403, "AuthorizationFailed", "no right to write"), times=99)
    env.publish()
    env.run_to_minute(600)
    assert_over(env, RolloutState.FAILED)
    assert env.world.count("start_reimage") == 0
    assert any("AuthorizationFailed" in row.error for row in env.rows.values())


def test_a_rollout_that_lost_its_pool_ends_without_touching_it() -> None:
    env = office(0)
    env.publish(policy={"min_available": 0})
    env.tables.pools.replace(env.pool.model_copy(update={"running_rollout": "r-2"}))
    env.run_to_minute(60)
    assert env.rollout.state is RolloutState.FAILED
    assert env.pool.running_rollout == "r-2"
    assert env.world.count("set_accepting") == 0


def test_new_hosts_get_the_old_version_until_the_canary_has_passed() -> None:
    env = office(0, 0, 0)
    seen: list[tuple[int, str | None]] = []

    def watch() -> None:
        done = sum(row.state is HostState.DONE for row in env.rows.values())
        seen.append((done, env.pool.version))

    env.each_step.append(watch)
    env.publish()
    env.run_to_minute(600)
    assert all(version == OLD for done, version in seen if done == 0)
    assert seen[-1] == (3, NEW)


def test_no_secret_is_kept_in_a_row() -> None:
    env = office(0)
    env.publish(policy={"min_available": 0, "strategy": "replace"})
    texts: list[str] = []
    env.each_step.append(lambda: texts.extend(row.model_dump_json() for row in env.rows.values()))
    env.run_to_minute(600)
    token = env.services.host_pools.registration_token(HOST_POOL_ID).get_secret_value()
    assert token
    assert not any(token in text or "password" in text.lower() for text in texts)


def two_hosts(die_at: int | None = None, **policy: Any) -> RolloutEnvironment:
    """A rollout over an idle and a busy host, whose process dies at a call; at its end."""
    env = office(0, 1)
    rules = {"min_available": 0, "max_unavailable": "100%", "poll_seconds": 900, "canary_hosts": 0}
    env.publish(force=30, policy=rules | policy)
    if die_at:
        env.die_at_call(die_at)
    env.run_to_minute(600)
    return env


@pytest.mark.parametrize("strategy", ["reimage", "replace"])
def test_the_process_may_die_at_any_call_and_nothing_destructive_is_repeated(strategy: str) -> None:
    die_at, died = 1, 1
    while died:
        env = two_hosts(die_at, strategy=strategy)
        died = env.died
        assert_all_well(env)
        began = "start_reimage" if strategy == "reimage" else "start_create"
        assert [env.world.count(began, host) for host in env.rows] == [1, 1], die_at
        die_at += 1
    assert die_at > 50
