"""An approver learns before they approve whether they may, and nobody unknown slips past the rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.pools import Ring
from shared.services import TASKS
from tests.api.access.test_two_people import APPROVER, OPERATOR, approve, approved, put_row, set_limits, waiting
from tests.fixtures.app import App, change_pool, office
from tests.fixtures.scenarios.images import add_pool
from tests.fixtures.scenarios.promotions import with_staged

MANAGER = {"x-dev-role": "admin,approver", "x-dev-name": "ann"}
"""Somebody who may also change pools and limits."""


def may(app: App, path: str, **headers: str) -> Any:
    """What the view says to this caller; the same is said by the refusal of an approval."""
    return app.send("GET", f"/api/{path}", headers=headers).json["may_approve"]


def said(app: App, path: str, **headers: str) -> tuple[bool, str | None]:
    """The view's answer, after a comparison with what happens to an approval."""
    told = may(app, path, **headers)
    reply = app.send("POST", f"/api/{path}/approve", {}, headers=headers)
    assert (reply.status == 202) is told["can"], reply.text
    if not told["can"]:
        assert reply.json["detail"] == told["why"]
    return told["can"], told["why"]


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        (APPROVER, None),
        (OPERATOR, "This needs the right to approve. You are operator."),
        ({"x-dev-role": "admin", "x-dev-name": "zoe"}, "This needs the right to approve. You are admin."),
        (APPROVER | {"x-dev-name": "oscar"}, "You asked for this rollout yourself. Somebody else must approve it."),
        (APPROVER | {"x-dev-name": "eve"}, "You changed its pool last. Somebody else must approve it."),
        (APPROVER | {"x-dev-name": "carl"}, "You changed the limits of its ring last. Somebody else must approve it."),
    ],
)
def test_a_rollout_that_waits_says_whether_the_caller_may_approve_it(caller: dict[str, str], why: str | None) -> None:
    app, rollout_id = waiting()
    change_pool(app, changed_by_id="development:eve")
    assert said(app, f"rollouts/{rollout_id}", **caller) == (why is None, why)


def test_it_says_so_in_the_answer_to_the_request_and_nothing_once_it_is_approved() -> None:
    app, rollout_id = waiting()
    answer = app.send("POST", f"/api/rollouts/{rollout_id}/pause", {}, headers=OPERATOR).json
    assert answer["may_approve"] is None
    answer = app.send("POST", f"/api/rollouts/{rollout_id}/resume", {}, headers=OPERATOR).json
    assert answer["may_approve"]["can"] is False
    assert approve(app, rollout_id).json["may_approve"] is None


def test_of_canary_hosts_the_right_alone_counts() -> None:
    app, rollout_id = approved()
    row = app.rollout(rollout_id)
    held = row.approval.replace(awaiting_since=app.now)
    put_row(app, rollout_id, state="awaiting_approval", started_at=app.now, approval=held)
    assert may(app, f"rollouts/{rollout_id}", **APPROVER | {"x-dev-name": "oscar"}) == {"can": True, "why": None}
    assert may(app, f"rollouts/{rollout_id}", **OPERATOR)["can"] is False


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        (
            "requester",
            "Nobody knows who asked for this rollout. Somebody without the right to publish must approve it.",
        ),
        ("pool", "Nobody knows who changed its pool last. Somebody without the right to configure must approve it."),
        (
            "limits",
            "Nobody knows who changed the limits of its ring last. "
            "Somebody without the right to configure must approve it.",
        ),
    ],
)
def test_where_somebody_unknown_had_a_part_only_who_cannot_have_been_it_approves(unknown: str, why: str) -> None:
    app, rollout_id = waiting()
    if unknown == "requester":
        put_row(app, rollout_id, requester="")
    change_pool(app, changed_by_id="" if unknown == "pool" else "development:eve")
    if unknown == "limits":
        (row,) = app.tables.limits.every()
        app.tables.limits.replace(row.replace(changed_by_id=""))
    assert said(app, f"rollouts/{rollout_id}", **MANAGER) == (False, why)
    assert said(app, f"rollouts/{rollout_id}", **APPROVER) == (True, None)


def test_who_removed_the_limits_of_a_ring_changed_them_last() -> None:
    app, rollout_id = waiting()
    change_pool(app, changed_by_id="development:eve")
    removed = app.send("DELETE", "/api/access/limits/default/production", headers=MANAGER | {"x-dev-name": "dora"})
    assert removed.status == 204
    dora = APPROVER | {"x-dev-name": "dora"}
    told = "You changed the limits of its ring last. Somebody else must approve it."
    assert said(app, f"rollouts/{rollout_id}", **dora) == (False, told)
    assert said(app, f"rollouts/{rollout_id}", **APPROVER) == (True, None)


def asking(app: App) -> None:
    app.tables.limits.add(
        Limits(
            account="default",
            ring=Ring.PRODUCTION,
            two_people=TwoPeople.ALWAYS,
            changed_by_id="development:carl",
            changed_at=app.now,
        )
    )


def staged() -> App:
    env = with_staged()
    asking(env.app)
    add_pool(env, "office", Ring.PRODUCTION, changed_by_id="development:eve")
    return env.app


REASONS = [
    (APPROVER, None),
    (OPERATOR, "This needs the right to approve. You are operator."),
    (APPROVER | {"x-dev-name": "oscar"}, "You asked for this {} yourself. Somebody else must approve it."),
    (APPROVER | {"x-dev-name": "eve"}, "You changed pool office last. Somebody else must approve it."),
    (APPROVER | {"x-dev-name": "carl"}, "You changed the limits of pool office last. Somebody else must approve it."),
]


@pytest.mark.parametrize(("caller", "why"), REASONS)
def test_a_task_that_waits_says_it(caller: dict[str, str], why: str | None) -> None:
    app = staged()
    task = app.send("POST", "/api/images/win11/activate", {}, headers=OPERATOR).json
    assert task["may_approve"]["can"] is False
    assert said(app, f"tasks/{task['id']}", **caller) == (why is None, why and why.format("task"))


@pytest.mark.parametrize(("caller", "why"), REASONS)
def test_a_promotion_that_will_wait_says_it(caller: dict[str, str], why: str | None) -> None:
    app = staged()
    moment = (app.now + timedelta(days=1)).isoformat()
    made = app.send("POST", "/api/promotions", {"image": "win11", "at": moment}, headers=OPERATOR).json
    assert made["may_approve"]["can"] is False
    assert said(app, f"promotions/{made['id']}", **caller) == (why is None, why and why.format("promotion"))


def test_an_approver_with_some_of_the_accounts_learns_that_it_takes_all() -> None:
    app = staged()
    task = app.send("POST", "/api/images/win11/activate", {}, headers=OPERATOR).json
    row = app.tables.tasks.find(TASKS, task["id"])
    assert row
    app.tables.tasks.replace(row.replace(accounts=("default",)))
    told = may(app, f"tasks/{task['id']}", **APPROVER | {"x-dev-accounts": "default"})
    assert told == {"can": False, "why": "This task belongs to accounts that you have no grant for, too."}


def test_what_waits_for_nobody_says_nothing() -> None:
    app = office()
    set_limits(app, TwoPeople.NEVER)
    rollout = app.send("POST", "/api/pools/office/update-image", {"version": "2.0.0", "schedule": {"mode": "now"}}).json
    assert rollout["may_approve"] is None
