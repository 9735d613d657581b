"""Hosts of a running rollout: what changed since a mark, one moment in all answers, and what each waits for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from shared.core.errors import AzureRefused
from shared.core.states import HostState, RolloutState
from shared.core.steps import HOST_STEPS
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_over, office, pause, resume

DONE = HostState.DONE.value


def get(env: RolloutEnvironment, what: str = "", **query: object) -> Any:
    """An answer about the rollout."""
    asked = f"?{urlencode(query)}" if query else ""
    reply = env.app.send("GET", f"/api/rollouts/{env.rollout_id}{what}{asked}")
    assert reply.status == 200, reply.text
    return reply.json


def by_name(answer: Any) -> dict[str, Any]:
    return {one["host"]: one for one in answer["items"]}


class Viewer:
    """Somebody who keeps the hosts and asks for what has changed, as a page does."""

    def __init__(self, env: RolloutEnvironment) -> None:
        self.env, self.mark, self.most = env, "", 0
        self.rows: dict[str, list[Any]] = {}

    def look(self) -> None:
        """Poll once."""
        answer = get(self.env, "/hosts", fields="grid", limit=10_000, **({"since": self.mark} if self.mark else {}))
        assert answer["continuation"] is None
        if answer["whole"]:
            self.rows = {}
        elif self.mark:
            self.most = max(self.most, len(answer["items"]))
        for name, state, sessions, since, version, attempt, first in answer["items"]:
            word = answer["states"][state]
            on = None if version is None else answer["versions"][version]
            self.rows[name + answer["suffix"]] = [word, sessions, since, on, attempt, first]
        for name in answer["removed"]:
            del self.rows[name]
        self.mark = answer["mark"]

    def check(self) -> None:
        """What it has is what is there, and the rollout's counts are those of the same mark."""
        whole = get(self.env, "/hosts", limit=500)
        rollout = get(self.env)
        assert {name: row[0] for name, row in self.rows.items()} == {
            one["host"]: one["state"] for one in whole["items"]
        }
        assert (rollout["mark"], rollout["as_of"]) == (whole["mark"], whole["as_of"])
        assert rollout["mark"] == self.mark
        counted: dict[str, int] = {}
        for row in self.rows.values():
            counted[row[0]] = counted.get(row[0], 0) + 1
        assert counted == rollout["counts"] == whole["counts"]


def test_a_viewer_who_asks_for_changes_has_what_is_there_at_every_moment() -> None:
    env = office(0, 1, 2, 0, 3, 0, 1, 0, 2, 0, 1, 0)
    env.publish(force=90, policy=EAGER | {"max_in_flight": 3})
    viewer = Viewer(env)
    for minute in range(0, 240, 2):
        env.run_to_minute(minute)
        viewer.look()
        viewer.check()
        if env.rollout.state.ended:
            break
    assert env.rollout.state is RolloutState.SUCCEEDED
    assert {row[0] for row in viewer.rows.values()} == {DONE}
    assert {row[3] for row in viewer.rows.values()} == {"2.0.0"}
    before = viewer.mark
    viewer.look()
    assert viewer.mark == before


def test_nothing_new_is_a_small_answer_with_the_same_mark() -> None:
    env = office(*[1] * 40)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(10)
    mark = get(env)["mark"]
    reply = env.app.send("GET", f"/api/rollouts/{env.rollout_id}/hosts?since={mark}")
    assert reply.json["items"] == [] and reply.json["mark"] == mark and reply.json["whole"] is False
    assert len(reply.text) < 300


def test_a_grid_row_is_small() -> None:
    env = office(*[1] * 200)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(10)
    text = env.app.send("GET", f"/api/rollouts/{env.rollout_id}/hosts?fields=grid&limit=10000").text
    assert len(text) / 200 < 40


def test_hosts_are_filtered_searched_sorted_and_paged() -> None:
    env = office(0, 3, 1, 2)
    env.publish(force=600, policy=EAGER | {"max_in_flight": 1})
    env.run_to_minute(6)
    states = {name: one["state"] for name, one in by_name(get(env, "/hosts")).items()}
    some = sorted({*states.values()})[:2]
    found = by_name(get(env, "/hosts", state=",".join(some)))
    assert found.keys() == {name for name, state in states.items() if state in some}
    assert [one["host"] for one in get(env, "/hosts", search="HOST-02")["items"]] == ["host-02"]
    for order in ("asc", "desc"):
        listed, token = [], None
        while True:
            page = get(
                env, "/hosts", sort="sessions", order=order, limit=1, **({"continuation": token} if token else {})
            )
            listed += [one["sessions"] for one in page["items"]]
            token = page["continuation"]
            if token is None:
                break
        assert listed == sorted(listed, reverse=order == "desc") and len(listed) == 4
    for sort in ("name", "state", "state_since", "version"):
        assert len(get(env, "/hosts", sort=sort)["items"]) == 4


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=501", "limit"),
        ("limit=10001&fields=grid", "limit"),
        ("state=gone", "state"),
        ("since=x&search=a", "since"),
        ("since=x&order=desc", "since"),
        ("fields=all", "fields"),
        ("continuation=%25", "continuation"),
    ],
)
def test_what_does_not_go_together_is_refused(query: str, field: str) -> None:
    env = office(0)
    env.publish(force=600, policy=EAGER)
    env.run(1)
    reply = env.app.send("GET", f"/api/rollouts/{env.rollout_id}/hosts?{query}")
    assert (reply.status, reply.bad_fields) == (400, {field})


def test_a_host_says_since_when_and_for_whom_it_waits() -> None:
    env = office(2, 0)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(10)
    one = by_name(get(env, "/hosts"))["host-01"]
    assert one["state"] == "waiting_for_logoff"
    assert one["waits"] == {"for": "users", "count": 2, "until": "2026-11-23T14:00:00Z", "until_why": "deadline"}
    assert one["accepting"] is False and one["status"] == "Available" and one["power"] == "running"
    assert "2026-11-23T12:00" <= one["state_since"] <= "2026-11-23T12:10"
    assert one["seen_at"] is not None and one["seconds"] is None


def test_a_done_host_has_its_steps_with_durations() -> None:
    env = office(0)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(200)
    assert_over(env, RolloutState.SUCCEEDED)
    (one,) = get(env, "/hosts")["items"]
    assert [step["name"] for step in one["steps"]] == list(HOST_STEPS)
    assert all(step["ok"] and step["seconds"] is not None for step in one["steps"])
    assert one["state_since"] == one["ended_at"]
    assert one["seconds"] > 0 and abs(sum(step["seconds"] for step in one["steps"]) - one["seconds"]) < 60
    assert one["waits"] is None and one["what_to_do"] is None


def test_a_failed_host_keeps_its_attempts_and_says_what_to_do() -> None:
    env = office(0, 0)
    broken_vm = AzureRefused("re-image the VM", 400, "BadRequest", "the VM is broken")
    env.world.fail("start_reimage", broken_vm, times=9, target="host-01")
    env.publish(force=120, policy=EAGER | {"retries": 1, "on_failure": "continue", "strategy": "reimage"})
    env.run_to_minute(200)
    one = by_name(get(env, "/hosts"))["host-01"]
    assert one["state"] == "failed"
    assert {step["attempt"] for step in one["steps"]} == {1, 2}
    broken = [(step["name"], step["attempt"]) for step in one["steps"] if step["ok"] is False]
    assert broken == [("rebuild_host", 1), ("rebuild_host", 2)]
    assert one["what_to_do"].endswith("retry the host, or leave it out.")


def test_a_paused_rollout_is_what_its_hosts_wait_for() -> None:
    env = office(2)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(3)
    pause(env)
    env.run_to_minute(6)
    (one,) = get(env, "/hosts")["items"]
    assert one["waits"] == {"for": "resume", "count": None, "until": None, "until_why": None}
    assert one["what_to_do"] == "Resume the rollout, or cancel it."
    resume(env)
    env.run_to_minute(9)
    (one,) = get(env, "/hosts")["items"]
    assert one["waits"]["for"] == "users"
