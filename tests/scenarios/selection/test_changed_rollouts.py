"""Rollouts that operators change while they run: it counts from the next pass on."""

from __future__ import annotations

from typing import Any

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from tests.fixtures.app import Reply
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
    assert_over,
    hosts,
    in_work,
    most,
    office,
    registering,
)


def change(env: RolloutEnvironment, **body: Any) -> Reply:
    """An operator changes the rollout."""
    reply = env.app.send("PATCH", f"/api/rollouts/{env.rollout_id}", body)
    assert reply.status == 202, reply.text
    return reply


def test_a_higher_limit_takes_more_hosts_at_once_and_a_lower_one_fewer() -> None:
    env = office(*[0] * 12)
    env.publish(policy=EAGER | {"max_in_flight": 1})
    env.run_to_minute(until=lambda: registering(env.world))
    change(env, policy={"max_in_flight": 4})
    at_once = most(env, in_work)
    env.run_to_minute(until=lambda: in_work(env) == 4)
    assert at_once() == 4
    change(env, policy={"max_in_flight": 2})
    env.run_to_minute(until=lambda: in_work(env) == 0)
    later = most(env, in_work)
    env.run_to_minute()
    assert later() <= 2
    assert_all_well(env)


def test_a_change_counts_at_once_and_not_only_at_the_next_poll() -> None:
    env = office(1, 1)
    env.publish(force=600, policy=EAGER | {"poll_seconds": 900})
    env.run_to_minute(20)
    env.at(21, lambda: change(env, exclude=["host-01"]) and None)
    env.run_to_minute(23)
    assert env.rows["host-01"].state is HostState.SKIPPED
    assert_in_service_again(env, "host-01")


def test_users_who_were_warned_are_told_of_an_earlier_deadline_and_not_signed_out_before_it() -> None:
    env = office(1)
    env.publish(force=240, policy=EAGER)
    env.run_to_minute(185)  # an hour before, the user was warned
    assert len(env.world.messages) == 1
    change(env, deadline="2026-11-23T15:20:00Z")
    env.run_to_minute(199)
    assert len(env.world.messages) >= 2
    assert env.world.count("sign_out") == 0
    env.run_to_minute(240)
    assert_all_well(env)


def test_users_of_a_host_that_is_left_out_by_now_are_told_that_it_is_off() -> None:
    env = office(1, 0)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(70)
    change(env, exclude=["host-01"])
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert "will not" in env.world.messages[-1][2] or "no longer" in env.world.messages[-1][2], env.world.messages
    assert env.world.count("sign_out") == 0


def test_a_host_that_is_not_left_out_any_more_is_updated() -> None:
    env = office(0, 0, 1)
    env.publish(force=120, policy=EAGER)
    change(env, exclude=["host-02"])
    env.run_to_minute(60)
    assert env.rows["host-02"].reason and env.rows["host-02"].reason.code == Code.EXCLUDED
    change(env, exclude=None)
    env.run_to_minute()
    assert_all_well(env)


def test_a_host_beyond_its_first_destructive_call_is_finished_though_it_is_left_out() -> None:
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(until=lambda: registering(env.world))
    change(env, exclude=["host-01"])
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert (env.rows["host-01"].state, env.versions()) == (HostState.DONE, {NEW})


def test_leaving_out_all_that_is_left_ends_the_rollout() -> None:
    env = office(0, 1)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(60)
    change(env, exclude=["host-02"])
    env.run_to_minute(70)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.pool.version == NEW
    assert env.rows["host-02"].version == OLD


def test_an_answer_to_an_undrain_is_given_with_a_change() -> None:
    env = office(1, 1)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(10)
    for name in ("host-01", "host-02"):
        hosts(env)[name] = hosts(env)[name].model_copy(update={"accepting": True})
    env.run_to_minute(20)
    assert env.app.send("GET", f"/api/rollouts/{env.rollout_id}").json["undrained"] == ["host-01", "host-02"]
    shown = change(env, exclude=["host-01"], drain_again=["host-02"]).json
    assert (shown["undrained"], shown["drain_again"]) == ([], ["host-02"])
    env.run_to_minute(30)
    assert hosts(env)["host-01"].accepting
    assert not hosts(env)["host-02"].accepting


def test_windows_that_open_later_stop_the_rollout_until_then() -> None:
    env = office(0, 0, 0)
    env.publish(force=600, policy=EAGER | {"max_in_flight": 1})
    env.run_to_minute(until=lambda: registering(env.world))
    change(env, policy={"windows": [{"from": "18:00", "to": "23:00"}]})
    env.run_to_minute(300)
    assert sum(row.state is HostState.DONE for row in env.rows.values()) == 1
    env.run_to_minute()
    assert_all_well(env)
