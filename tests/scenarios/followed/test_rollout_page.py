"""What the page of a rollout says of its limits, its moments and its policy, at each stage of a real run."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureRefused
from shared.core.states import RolloutState
from shared.models.policy import ScheduleMode
from shared.models.windows import Day, Window
from shared.views.rollout_pages.timeline import summary
from tests.fixtures.rollout_rows import rollout as rollout_row
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, office

WINDOWS = (Window(days=(Day.MON, Day.TUE), begins="22:00", ends="06:00"), Window(begins="01:00", ends="02:00"))


def page(env: RolloutEnvironment) -> Any:
    """The rollout as its page shows it."""
    reply = env.app.send("GET", f"/api/rollouts/{env.rollout_id}")
    assert reply.status == 200, reply.text
    return reply.json


def test_the_limit_that_holds_now_is_named() -> None:
    env = office(*[0] * 10)
    env.publish(force=240, policy=EAGER | {"max_in_flight": 3})
    assert (page(env)["at_once_now"], page(env)["bound_by"]) == (None, None)
    env.run_to_minute(5)
    shown = page(env)
    assert shown["at_once_now"] == 3
    assert shown["bound_by"]["bound"] == "max_in_flight" and shown["bound_by"]["reason"]["text"] == "as configured"
    assert sum(shown["counts"].get(state, 0) for state in ("reimaging", "joining", "verifying")) <= 3
    env.run_to_minute(400)
    assert page(env)["state"] == "succeeded"
    assert (page(env)["at_once_now"], page(env)["bound_by"]) == (None, None)


def test_the_floor_is_named_when_it_holds() -> None:
    env = office(*[1] * 4)
    env.publish(force=600, policy=EAGER | {"min_available": "100%"})
    env.run_to_minute(10)
    shown = page(env)
    assert shown["bound_by"]["bound"] == "min_available" and shown["at_once_now"] == 0


def test_the_first_hosts_prove_and_then_failures_are_allowed() -> None:
    env = office(*[0] * 6)
    env.publish(force=240, policy={"canary_hosts": 2, "max_failed": 4, "max_unavailable": "100%", "min_available": 0})
    env.run_to_minute(1)
    shown = page(env)
    assert shown["first_hosts"] == {"total": 2, "proved_at": None}
    assert shown["failures_allowed"] == 0
    env.run_to_minute(400)
    shown = page(env)
    assert shown["state"] == "succeeded" and shown["first_hosts"]["proved_at"] is not None
    assert (shown["failures_allowed"], shown["failed"]) == (4, 0)


def test_one_host_proves_where_there_is_no_canary() -> None:
    env = office(*[0] * 4)
    env.publish(ScheduleMode.NOW, policy={"canary_hosts": 0, "proof": "first_host"})
    env.run_to_minute(2)
    assert page(env)["first_hosts"] == {"total": 1, "proved_at": None}
    assert page(env)["bound_by"]["bound"] == "proof"
    env.run_to_minute(400)
    assert page(env)["first_hosts"]["proved_at"] is not None


def test_failed_hosts_and_people_are_counted() -> None:
    env = office(0, 2, 3)
    env.world.fail("start_reimage", AzureRefused("re-image", 400, "BadRequest", "no"), times=9, target="host-01")
    env.publish(force=240, policy=EAGER | {"retries": 0, "on_failure": "continue"})
    env.run_to_minute(30)
    shown = page(env)
    assert (shown["failed"], shown["people_left"]) == (1, 5)
    assert shown["account"] == env.rollout.account and shown["begun_by_task"] == ""


def test_the_moments_of_warnings_follow_the_deadline() -> None:
    env = office(1)
    env.publish(force=120, policy=EAGER | {"warn_minutes": [60, 5]})
    env.run(1)
    assert page(env)["warnings"] == ["2026-11-23T13:00:00Z", "2026-11-23T13:55:00Z"]
    reply = env.app.send("POST", f"/api/rollouts/{env.rollout_id}/reschedule", {"deadline": "2026-11-23T15:00:00Z"})
    assert reply.json["warnings"] == ["2026-11-23T14:00:00Z", "2026-11-23T14:55:00Z"]


def test_commands_answer_with_the_whole_page() -> None:
    env = office(0, 1)
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(3)
    paused = env.app.send("POST", f"/api/rollouts/{env.rollout_id}/pause").json
    shown = page(env)
    assert paused.keys() == shown.keys()
    assert {name for name in shown if paused[name] != shown[name]} <= {"new_hosts", "lost_hosts"}


@pytest.mark.parametrize(
    ("mode", "policy", "told"),
    [
        (
            ScheduleMode.ON_LOGOFF,
            {},
            [
                "1 host first, then the others follow.",
                "At most 50 hosts at once are rebuilt, and 25% of the pool out of service.",
                "At the deadline the sessions that are left are ended.",
                "Users are told 60, 15, 5 and 1 minutes before.",
                "Until then 20% of the pool keep accepting people.",
                "If more than 3 hosts fail, it pauses.",
            ],
        ),
        (
            ScheduleMode.NOW,
            {"max_unavailable": 4, "on_failure": "roll_back", "max_failed": 0, "after_force": "waves", "proof": "none"},
            [
                "At most 50 hosts at once are rebuilt, and 4 hosts out of service.",
                "Sessions are ended at once, in waves.",
                "If a host fails, everything is rolled back.",
            ],
        ),
        (
            ScheduleMode.AT,
            {
                "canary_hold": "approve",
                "warn_minutes": [10],
                "windows": WINDOWS,
            },
            [
                "1 host first, then somebody approves.",
                "At most 50 hosts at once are rebuilt, and 100% of the pool out of service.",
                "At the deadline the sessions that are left are ended.",
                "Users are told 10 minutes before.",
                "If more than 3 hosts fail, it pauses.",
                "Work is done only Mon, Tue from 22:00 to 06:00; every day from 01:00 to 02:00.",
            ],
        ),
    ],
)  # fmt: skip
def test_the_policy_is_told_in_sentences(mode: ScheduleMode, policy: dict[str, Any], told: list[str]) -> None:
    assert summary(rollout_row(mode, RolloutState.RUNNING, policy=policy), 60) == told
