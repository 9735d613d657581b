"""The history of a rollout: what happened is in it once, in order, and costs little."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import pytest

from shared.core.errors import AzureBusy
from shared.core.states import RolloutState
from shared.history.write import complete_history
from shared.models.history.rollout_events import EventKind, RolloutEvent
from shared.models.policy import ScheduleMode
from shared.models.pools import ReimageSupport
from tests.fixtures.builders import NEW
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    cancel,
    office,
    pause,
    reschedule,
    resume,
)

BUSY = AzureBusy("storage", 503, "ServerBusy", "slow down", retry_after=1.0)


def events(env: RolloutEnvironment) -> list[RolloutEvent]:
    """Oldest first."""
    return env.tables.events.all(env.rollout_id)[::-1]


def kinds(env: RolloutEnvironment) -> list[str]:
    return [one.kind for one in events(env)]


def listed(env: RolloutEnvironment, query: str = "") -> Any:
    reply = env.app.send("GET", f"/api/rollouts/{env.rollout_id}/events{query}")
    assert reply.status == 200, reply.text
    return reply.json


def to_the_end(env: RolloutEnvironment) -> None:
    env.run_to_minute(until=lambda: env.rollout.state.ended)


def test_a_success_tells_who_asked_which_hosts_ended_and_how_it_ended() -> None:
    env = office(1, 0, 2)
    env.publish(ScheduleMode.AT, begin=60, policy={**EAGER, "warn_minutes": (15,)}, fields={"requested_by": "ann"})
    to_the_end(env)
    assert_all_well(env)
    complete_history(env.services, env.rollout)
    found = kinds(env)
    assert found[:2] == ["created", "warned"]
    assert found[-1] == "ended"
    assert Counter(found) == Counter(
        {"created": 1, "begun": 1, "warned": 1, "signed_out": 2, "host_done": 3, "ended": 1}
    )
    done = [one for one in events(env) if one.kind == EventKind.HOST_DONE]
    assert {one.host for one in done} == set(env.rows)
    assert all(one.data["version"] == NEW and one.data["seconds"] > 0 for one in done)
    warned = next(one for one in events(env) if one.kind == EventKind.WARNED)
    assert (warned.text.count, warned.data["hosts"]) == (3, ["host-01", "host-03"])
    assert next(one.text.text for one in events(env)) == "ann asked for version 2.0.0 of win11."


@pytest.mark.parametrize(("users", "rows"), [(0, 1), (2, 2)])
def test_a_plain_success_writes_at_most_two_rows_for_each_host_and_few_besides(users: int, rows: int) -> None:
    env = office(*([users] * 100))
    policy = {**EAGER, "warn_minutes": (30, 15, 5)}
    env.publish(ScheduleMode.AT, begin=60, policy=policy, replicas=4, reimage=ReimageSupport.WORKS)
    to_the_end(env)
    assert_all_well(env)
    assert env.tables.events.writes <= rows * 100 + 10, Counter(kinds(env))


def test_the_canary_its_approval_and_the_ramp_are_in_it() -> None:
    env = office(*([0] * 12))
    policy = {"canary_hosts": 1, "canary_hold": "approve", "min_available": 0, "max_unavailable": "100%"}
    env.publish(ScheduleMode.NOW, policy=policy, reimage=ReimageSupport.WORKS)
    env.run_to_minute(until=lambda: env.rollout.state is RolloutState.AWAITING_APPROVAL)
    reply = env.app.send("POST", f"/api/rollouts/{env.rollout_id}/approve", {}, headers={"x-dev-name": "ann"})
    assert reply.status == 202, reply.text
    to_the_end(env)
    assert_all_well(env)
    found = kinds(env)
    order = ["waits_for_approval", "approved", "host_done", "ramp", "ended"]
    places = [found.index(kind) for kind in order]
    assert places == sorted(places), found
    approved = next(one for one in events(env) if one.kind == EventKind.APPROVED)
    assert (approved.who, approved.data) == ("ann", {"of": "canary"})
    batches = [one.data["batch"] for one in events(env) if one.kind == EventKind.RAMP]
    assert batches == sorted(set(batches))
    assert batches[0] == 2


def test_commands_and_their_people_are_in_it() -> None:
    env = office(1)
    env.publish(ScheduleMode.ON_LOGOFF, force=240, policy=EAGER)
    env.run_to_minute(5)
    pause(env)
    env.run_to_minute(10)
    resume(env)
    reschedule(env, deadline="2026-11-23T18:00:00Z")
    reply = env.app.send(
        "PATCH", f"/api/rollouts/{env.rollout_id}", {"policy": {"max_in_flight": 7}}, headers={"x-dev-name": "bob"}
    )
    assert reply.status == 202, reply.text
    cancel(env)
    to_the_end(env)
    told = {one.kind: one for one in events(env)}
    for kind in ("paused", "resumed", "moved", "cancelled"):
        assert told[kind].who == "ann", kind
    assert told["paused"].text.text == "Paused by ann."
    assert told["moved"].data["force_at"] == ["2026-11-23T16:00:00+00:00", "2026-11-23T18:00:00+00:00"]
    assert (told["changed"].who, told["changed"].data) == ("bob", {"max_in_flight": [50, 7]})
    assert told["ended"].data["state"] == "cancelled"


def test_it_is_read_by_pages_in_both_orders_and_by_kind_host_and_moment() -> None:
    env = office(0, 0, 0)
    env.publish(ScheduleMode.NOW, policy=EAGER)
    to_the_end(env)
    whole = listed(env)["items"]
    assert [one["kind"] for one in whole] == kinds(env)[::-1]
    for order, wanted in (("desc", whole), ("asc", whole[::-1])):
        paged, token = [], ""
        for _ in whole:
            page = listed(env, f"?order={order}&limit=2{f'&continuation={token}' if token else ''}")
            paged += page["items"]
            token = page["continuation"]
            if token is None:
                break
        assert paged == wanted
    assert {one["host"] for one in listed(env, "?kind=host_done")["items"]} == set(env.rows)
    assert [one["kind"] for one in listed(env, "?host=HOST-02")["items"]] == ["host_done"]
    assert listed(env, f"?since={whole[0]['at'].replace('+00:00', 'Z')}")["items"] == whole[:1]
    assert listed(env, f"?order=asc&since={whole[0]['at'].replace('+00:00', 'Z')}")["items"] == whole[:1]


def test_what_the_last_pass_finds_missing_it_writes() -> None:
    env = office(0, 0)
    env.publish(ScheduleMode.NOW, policy=EAGER)
    env.tables.events.failures["add"] = [BUSY] * 3
    to_the_end(env)
    assert_all_well(env)
    assert Counter(kinds(env))["host_done"] == 2
    assert kinds(env)[0] == "created"
    assert kinds(env)[-1] == "ended"


def test_an_event_that_cannot_be_written_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    env = office(0, 0)
    for method in ("add", "write_many", "each", "all", "page"):
        env.tables.events.failures[method] = [BUSY] * 1_000
    env.publish(ScheduleMode.NOW, policy=EAGER)
    with caplog.at_level(logging.WARNING, "freshcoat.history"):
        to_the_end(env)
    assert_all_well(env)
    assert kinds_without_failures(env) == []
    assert "not in its history: host_done host-01" in caplog.text


def kinds_without_failures(env: RolloutEnvironment) -> list[str]:
    env.tables.events.failures.clear()
    return kinds(env)
