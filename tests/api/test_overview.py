"""The overview: what needs a caller, and what a task waits for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.states import PromotionState, RolloutState, TaskState
from shared.models.accounts import Account
from shared.models.messages import message
from shared.models.pools import LostHost
from shared.models.rollout_parts import Approval
from shared.models.rollouts import RolloutKind
from shared.models.tasks import CaptureWork, Gate, PoolsWork, TaskKind
from shared.services import TASKS
from tests.api.access.test_two_people import set_limits, waiting
from tests.api.test_history_lists import add_promotion, add_rollout, add_task, update_of
from tests.fixtures.app import App, change_pool, office

R, T = RolloutState, TaskState
OPERATOR = {"x-dev-role": "operator", "x-dev-name": "oscar", "x-dev-accounts": "*"}
APPROVER = {"x-dev-role": "approver", "x-dev-name": "ann", "x-dev-accounts": "*"}
READER = {"x-dev-role": "reader", "x-dev-name": "rita", "x-dev-accounts": "*"}


def overview(app: App, headers: dict[str, str]) -> Any:
    reply = app.send("GET", "/api/overview", headers=headers)
    assert reply.status == 200, reply.text
    return reply.json


def needs(app: App, headers: dict[str, str]) -> list[tuple[str, str]]:
    return [(need["kind"], need["href"].rpartition("/")[2]) for need in overview(app, headers)["needs_you"]]


def test_nothing_needs_anybody_at_first() -> None:
    assert overview(office(), OPERATOR) == {"needs_you": [], "open_rollouts": 0, "running_tasks": 0}


def test_what_is_open_is_counted_without_refreshes_and_without_rollouts_as_tasks() -> None:
    app = office()
    for state in (R.RUNNING, R.SCHEDULED, R.SUCCEEDED):
        add_rollout(app, state)
    add_rollout(app, R.RUNNING, kind=RolloutKind.REFRESH)
    add_task(app, T.RUNNING)
    add_task(app, T.SUCCEEDED)
    found = overview(app, READER)
    assert (found["open_rollouts"], found["running_tasks"], found["needs_you"]) == (2, 1, [])


class TestApprovals:
    def test_a_canary_that_waits_needs_an_approver(self) -> None:
        app = office()
        since = app.now - timedelta(hours=1)
        row = add_rollout(app, R.AWAITING_APPROVAL, approval=Approval(awaiting_since=since))
        assert needs(app, APPROVER) == [("approval", row.id)]
        (need,) = overview(app, APPROVER)["needs_you"]
        assert need["since"] == since.isoformat().replace("+00:00", "Z")
        assert need["text"] == "The first hosts of office are on 2.0.0. The others wait for your approval."
        assert needs(app, OPERATOR) == needs(app, READER) == []

    def test_a_second_person_is_somebody_else(self) -> None:
        app, rollout_id = waiting()
        app.tables.rollouts.replace(app.rollout(rollout_id).replace(state=R.AWAITING_APPROVAL))
        assert needs(app, APPROVER) == [("approval", rollout_id)]
        assert needs(app, {"x-dev-role": "operator,approver", "x-dev-name": "oscar", "x-dev-accounts": "*"}) == []

    def test_a_ring_that_waits_for_approval_only(self) -> None:
        app = office()
        update = update_of(app, "lab", "office").model_copy(
            update={"gate": Gate.APPROVE, "rings": {"lab": 0, "office": 1}}
        )
        first = add_rollout(app, R.RUNNING, pool="lab")
        work = PoolsWork(update=update, rollouts={"lab": first.id}, ring=0)
        task = add_task(app, T.RUNNING, kind=TaskKind.UPDATE_POOLS, pools=work)
        assert needs(app, APPROVER) == []  # the first ring runs
        app.tables.rollouts.replace(first.replace(state=R.SUCCEEDED, ended_at=app.now))
        assert needs(app, APPROVER) == []  # it soaks
        app.later(hours=2)
        assert needs(app, APPROVER) == [("approval", task.id)]
        assert "Ring 1 waits for your approval" in overview(app, APPROVER)["needs_you"][0]["text"]

    def test_a_scheduled_activation_may_be_approved_before_it_is_due(self) -> None:
        app = office()
        set_limits(app)
        mine = {"update": update_of(app, "office"), "requester": "development:oscar"}
        promotion = add_promotion(app, PromotionState.SCHEDULED, **mine)
        assert needs(app, APPROVER) == [("approval", promotion.id)]
        assert needs(app, {"x-dev-role": "operator,approver", "x-dev-name": "oscar", "x-dev-accounts": "*"}) == []

    def test_of_accounts_in_reach(self) -> None:
        app = office()
        app.tables.accounts.add(Account(name="contoso", created_at=app.now))
        add_rollout(app, R.AWAITING_APPROVAL)
        assert needs(app, APPROVER | {"x-dev-accounts": "contoso"}) == []
        assert len(needs(app, APPROVER | {"x-dev-accounts": "default"})) == 1


class TestTroubles:
    def test_what_stands_still_failed_or_was_left_over(self) -> None:
        app = office()
        note = message(Code.PAUSED_BY_USER, "Paused by ann.")
        paused = add_rollout(app, R.PAUSED, note=note).id
        asks = add_rollout(app, R.RUNNING, note=message(Code.UNDRAINED, "Somebody undrained 1 host.")).id
        failed = add_rollout(app, R.FAILED, ended_at=app.now).id
        task = add_task(app, T.FAILED, ended_at=app.now).id
        left = CaptureWork(template_vm_id="/vm", regions=(), left_over=("/disk",))
        over = add_task(app, T.SUCCEEDED, kind=TaskKind.SET_AS_IMAGE, capture=left, ended_at=app.now).id
        lost = LostHost(host="h9", vm_id="/vm", rollout="r")
        change_pool(app, lost_hosts=(lost,), unreadable_since=app.now)
        assert set(needs(app, OPERATOR)) == {
            ("paused", paused), ("question", asks), ("failed", failed), ("failed", task), ("left_over", over),
            ("lost_hosts", "office"), ("unreadable", "office"),
        }  # fmt: skip
        assert needs(app, READER) == needs(app, APPROVER) == []
        texts = {need["text"] for need in overview(app, OPERATOR)["needs_you"]}
        assert "The rollout of 2.0.0 on office is paused. Paused by ann." in texts
        assert "Set as image of win11 3.0.0 left 1 resource in Azure that could not be removed." in texts

    @pytest.mark.parametrize(("days", "kinds"), [(0, {"failed", "left_over"}), (2, {"left_over"}), (8, set())])
    def test_until_it_is_old(self, days: int, kinds: set[str]) -> None:
        app = office()
        left = CaptureWork(template_vm_id="/vm", regions=(), left_over=("/disk",))
        add_rollout(app, R.FAILED, ended_at=app.now)
        add_task(app, T.FAILED, kind=TaskKind.SET_AS_IMAGE, capture=left, ended_at=app.now)
        app.later(days=days)
        assert {kind for kind, _ in needs(app, OPERATOR)} == kinds

    def test_every_href_is_answered(self) -> None:
        app = office()
        add_rollout(app, R.PAUSED)
        add_task(app, T.FAILED, ended_at=app.now)
        change_pool(app, unreadable_since=app.now)
        for need in overview(app, OPERATOR)["needs_you"]:
            assert app.send("GET", need["href"], headers=OPERATOR).status == 200


class TestWaitsFor:
    def waits(self, app: App, task_id: str) -> Any:
        return app.send("GET", f"/api/tasks/{task_id}").json["waits_for"]

    def test_a_ring_says_which_until_when_and_where(self) -> None:
        app = office()
        update = update_of(app, "lab", "office").model_copy(
            update={"gate": Gate.APPROVE, "rings": {"lab": 0, "office": 1}}
        )
        first = add_rollout(app, R.SUCCEEDED, pool="lab", ended_at=app.now)
        work = PoolsWork(update=update, rollouts={"lab": first.id}, ring=0)
        task = add_task(app, T.RUNNING, kind=TaskKind.UPDATE_POOLS, pools=work)
        href = f"/api/tasks/{task.id}"
        until = "2026-11-02T10:00:00Z"
        text = "Ring 0 is finished. Ring 1 waits for approval."
        soaks = {"code": "ring_waits_for_approval", "text": text, "ring": 1, "href": href}
        assert self.waits(app, task.id) == soaks | {"until": until, "at": until}
        app.later(hours=2)
        assert self.waits(app, task.id) == soaks | {"until": None}

    def test_other_tasks_say_where_too(self) -> None:
        app = office()
        task = add_task(app, T.RUNNING, note=message(Code.REPLICATING, "It is replicated."))
        expected = {"code": "replicating", "text": "It is replicated.", "ring": None, "until": None}
        assert self.waits(app, task.id) == expected | {"href": f"/api/tasks/{task.id}"}
        stored = app.tables.tasks.find(TASKS, task.id)
        assert stored
        app.tables.tasks.replace(stored.replace(state=T.SUCCEEDED, ended_at=app.now))
        assert self.waits(app, task.id) is None
