"""A version that is rolled back, discarded or has failed its test takes its open rollouts with it, and names them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.states import RolloutState, TaskState
from shared.images.activation import request as activation
from shared.models.pools import Ring
from shared.models.rollouts import Rollout
from shared.services import ROLLOUTS
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, activated, add_pool, on_versions, post, studio

QUICK = {"settle_seconds": 0, "min_available": 0}


def with_pools(env: Environment, ring: Ring = Ring.PRODUCTION) -> Environment:
    """Three pools on 1.0.0, each with two hosts."""
    for name in ("east", "north", "west"):
        add_pool(env, name, ring, hosts=2, users=1)
    return env


def publish(env: Environment, pool: str, **schedule: Any) -> Rollout:
    """2.0.0 for a pool at a time, in an hour unless the schedule says otherwise."""
    asked = schedule or {"mode": "at", "at": (env.app.now + timedelta(hours=1)).isoformat()}
    reply = env.app.send(
        "POST", f"/api/pools/{pool}/update-image", {"version": NEW, "schedule": asked, "policy": QUICK}
    )
    assert reply.status == 202, reply.text
    return env.app.rollout(str(reply.json["id"]))


def on_logoff(env: Environment) -> dict[str, Any]:
    return {"mode": "on_logoff", "deadline": (env.app.now + timedelta(hours=8)).isoformat()}


def roll_back(env: Environment, **body: Any) -> Reply:
    return post(env, "/roll-back", body)


def fail_test(env: Environment, **body: Any) -> Reply:
    return post(env, f"/versions/{NEW}/verdict", {"result": "failed", **body})


def discard(env: Environment, **body: Any) -> Reply:
    query = f"?rollouts={body['rollouts']}" if body else ""
    return env.app.send("DELETE", f"/api/images/{IMAGE}/versions/{NEW}{query}")


type Withdrawal = Callable[..., Reply]
WAYS = [(roll_back, "was rolled back"), (fail_test, "failed its test"), (discard, "was discarded")]


def prepared(withdraw: Withdrawal) -> Environment:
    """2.0.0 is active when it is to be rolled back, else staged; then its pools are those of a test."""
    if withdraw is roll_back:
        return with_pools(activated(studio()))
    return with_pools(studio(staged=True), Ring.TEST)


@pytest.mark.parametrize(("withdraw", "reason"), WAYS)
@pytest.mark.parametrize(("how", "state"), [("stop", "paused"), ("cancel", "cancelling")])
def test_scheduled_rollouts_of_a_withdrawn_version_are_stopped_and_named(
    withdraw: Withdrawal, reason: str, how: str, state: str
) -> None:
    env = prepared(withdraw)
    rollouts = [publish(env, pool) for pool in ("east", "west")]
    env.run(0.1)
    reply = withdraw(env, rollouts=how)
    assert reply.status in {200, 202}, reply.text
    named = {(one["pool"], one["rollout"], one["state"], one["href"]) for one in reply.json["stopped_rollouts"]}
    assert named == {(it.pool, it.id, state, f"/api/rollouts/{it.id}") for it in rollouts}
    for rollout in rollouts:
        note = env.app.rollout(rollout.id).note
        assert note
        assert note.code == Code.VERSION_WITHDRAWN
        assert f"version {NEW} {reason}" in note.text
    env.run(3)
    ends = {"stop": RolloutState.PAUSED, "cancel": RolloutState.CANCELLED}
    assert {env.app.rollout(rollout.id).state for rollout in rollouts} == {ends[how]}
    assert on_versions(env, "east") | on_versions(env, "west") == {OLD}
    assert env.app.world.count("set_accepting") == 0


@pytest.mark.parametrize(("withdraw", "reason"), WAYS)
def test_a_rollout_that_is_paused_already_says_that_its_version_was_withdrawn(
    withdraw: Withdrawal, reason: str
) -> None:
    env = prepared(withdraw)
    rollout = publish(env, "east")
    assert env.app.send("POST", f"/api/rollouts/{rollout.id}/pause").status == 202
    assert [one["state"] for one in withdraw(env).json["stopped_rollouts"]] == ["paused"]
    env.run(0.5)
    note = env.app.rollout(rollout.id).note
    assert note
    assert (note.code, f"version {NEW} {reason}" in note.text) == (Code.VERSION_WITHDRAWN, True)


def test_stopping_is_the_default() -> None:
    env = prepared(roll_back)
    rollout = publish(env, "east")
    reply = roll_back(env)
    assert [one["state"] for one in reply.json["stopped_rollouts"]] == ["paused"]
    assert env.app.rollout(rollout.id).state is RolloutState.PAUSED


@pytest.mark.parametrize("withdraw", [roll_back, fail_test])
def test_a_running_rollout_of_a_withdrawn_version_begins_no_further_host(withdraw: Withdrawal) -> None:
    env = prepared(withdraw)
    rollout = publish(env, "east", **on_logoff(env))
    env.run(0.05)
    assert withdraw(env).json["stopped_rollouts"][0]["rollout"] == rollout.id
    env.run(12)
    assert env.app.rollout(rollout.id).state is RolloutState.PAUSED
    assert env.app.world.count("sign_out") == 0


def test_a_resumed_rollout_of_a_version_that_was_rolled_back_pauses_again() -> None:
    env = prepared(roll_back)
    rollout = publish(env, "east")
    roll_back(env)
    env.run(2)
    assert env.app.send("POST", f"/api/rollouts/{rollout.id}/resume").status == 202
    env.run(1)
    row = env.app.rollout(rollout.id)
    assert row.state is RolloutState.PAUSED
    assert row.note
    assert row.note.code == Code.CHECKS_FAILED
    assert on_versions(env, "east") == {OLD}


def test_a_rollout_may_be_resumed_although_its_version_failed_the_test() -> None:
    env = prepared(fail_test)
    rollout = publish(env, "east")
    fail_test(env)
    assert env.app.send("POST", f"/api/rollouts/{rollout.id}/resume").status == 202
    env.run(6)
    assert env.app.rollout(rollout.id).state is RolloutState.SUCCEEDED


def test_a_version_that_a_rollout_has_begun_with_is_not_discarded_and_nothing_is_stopped() -> None:
    env = prepared(discard)
    begun, waiting = publish(env, "east", **on_logoff(env)), publish(env, "west")
    env.run(0.2)
    reply = discard(env)
    assert reply.status == 409
    assert begun.id in reply.json["detail"]
    assert env.app.rollout(begun.id).state is RolloutState.RUNNING
    assert env.app.rollout(waiting.id).state is RolloutState.SCHEDULED


def test_rollouts_of_other_versions_and_those_that_roll_back_are_left_alone() -> None:
    env = prepared(roll_back)
    leaving = publish(env, "east", **on_logoff(env))
    env.run(0.2)
    env.app.send("POST", f"/api/rollouts/{leaving.id}/cancel", {"how": "roll_back"})
    assert roll_back(env, rollouts="cancel").json["stopped_rollouts"] == []
    env.run(12)
    assert env.app.rollout(leaving.id).state is RolloutState.ROLLED_BACK


def test_a_fleet_update_whose_rollouts_were_stopped_says_so() -> None:
    env = prepared(roll_back)
    asked = {
        "version": NEW,
        "pools": ["east", "west"],
        "schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00Z"},
    }
    fleet = env.app.send("POST", "/api/rollouts", {**asked, "policy": QUICK})
    assert fleet.status == 202, fleet.text
    env.run(0.1)
    reply = roll_back(env)
    assert {one["state"] for one in reply.json["stopped_rollouts"]} == {"cancelling"}
    task = env.finish(str(fleet.json["id"]))
    assert task.state is TaskState.FAILED
    assert f"version {NEW} was rolled back" in str(task.note)


def test_an_activation_whose_rollout_was_stopped_by_a_failed_test_says_so() -> None:
    env = prepared(fail_test)
    asked = {"version": NEW, "pools": ["east"], "schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00Z"}}
    fleet = env.app.send("POST", "/api/rollouts", {**asked, "policy": QUICK})
    env.run(0.1)
    assert [one["state"] for one in fail_test(env).json["stopped_rollouts"]] == ["paused"]
    env.run(0.2)
    seen = env.app.send("GET", f"/api/tasks/{fleet.json['id']}").json
    assert f"version {NEW} failed its test" in seen["waits_for"]["text"]
    assert seen["pools"][0]["note"]["code"] == Code.VERSION_WITHDRAWN


def test_rollouts_are_stopped_although_the_request_died_after_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    env = prepared(roll_back)
    rollout = publish(env, "east")
    with monkeypatch.context() as died:
        died.setattr(activation, "_switch_done", lambda _, task: task)
        died.setattr(activation, "stop_old_version", lambda _, __, task: task)
        task = str(roll_back(env).json["id"])
    assert env.app.rollout(rollout.id).state is RolloutState.SCHEDULED
    env.finish(task)
    assert env.app.rollout(rollout.id).state is RolloutState.PAUSED
    named = env.app.send("GET", f"/api/tasks/{task}").json["stopped_rollouts"]
    assert [one["rollout"] for one in named] == [rollout.id]
    assert env.app.tables.rollouts.all(ROLLOUTS)
