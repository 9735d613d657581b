"""Who is left on a rollout's hosts: names for who steers, one list of sessions for all who ask."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from shared.caches.read_through import ReadThroughCache
from shared.core.states import HostState
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, office, pause


def people(env: RolloutEnvironment, query: str = "", **headers: str) -> Any:
    """The people, as an operator sees them."""
    reply = env.app.send("GET", f"/api/rollouts/{env.rollout_id}/people{query}", headers=headers)
    assert reply.status == 200, reply.text
    return reply.json


def test_people_are_named_with_their_host_and_whether_they_were_told() -> None:
    env = office(2, 0, 1)
    env.publish(force=120, policy=EAGER | {"warn_minutes": [60]})
    env.run_to_minute(10)
    found = people(env)
    assert found["count"] == 3 and found["continuation"] is None
    assert [one["host"] for one in found["items"]] == ["host-01", "host-01", "host-03"]
    assert all(one["user"] and one["state"] == "Active" and one["warned"] is False for one in found["items"])
    assert {one["ends_at"] for one in found["items"]} == {"2026-11-23T14:00:00Z"}
    env.run_to_minute(62)
    assert all(one["warned"] for one in people(env)["items"])
    env.run_to_minute(300)
    assert env.rollout.state.ended and people(env) == {**people(env), "count": 0, "items": []}


def test_who_is_on_hosts_that_are_done_is_left_out() -> None:
    env = office(0, 2)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(60)
    assert env.rows["host-01"].state is HostState.DONE
    env.world.log_on("host-01", "new@contoso.com")
    assert {one["host"] for one in people(env)["items"]} == {"host-02"}


def test_people_are_searched_and_paged() -> None:
    env = office(2, 3)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(5)
    everybody = [(one["host"], one["user"]) for one in people(env)["items"]]
    listed, token = [], ""
    while True:
        page = people(env, f"?limit=2{f'&continuation={token}' if token else ''}")
        listed += [(one["host"], one["user"]) for one in page["items"]]
        token = page["continuation"] or ""
        if not token:
            break
    assert listed == everybody and len(set(listed)) == len(listed) == 5
    assert {one["host"] for one in people(env, "?search=HOST-02")["items"]} == {"host-02"}


def test_a_halted_rollout_ends_nobodys_session() -> None:
    env = office(1)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(5)
    pause(env)
    assert people(env)["items"][0]["ends_at"] is None


def test_a_reader_learns_no_names() -> None:
    env = office(1)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(5)
    path = f"/api/rollouts/{env.rollout_id}/people"
    for role, status in (("reader", 403), ("approver", 403), ("operator", 200), ("admin", 200)):
        reply = env.app.send("GET", path, headers={"x-dev-role": role, "x-dev-accounts": "*"})
        assert reply.status == status, (role, reply.text)


def test_many_who_ask_cost_one_list_of_sessions() -> None:
    env = office(1, 1)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(5)
    vars(env.app)["services"] = replace(env.services, read_cache=ReadThroughCache(time.monotonic))
    before = env.world.count("user_sessions")
    for _ in range(20):
        people(env)
    assert env.world.count("user_sessions") == before + 1
