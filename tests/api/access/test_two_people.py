"""Rollouts that wait for a second person: who may be that, and what an approval is bound to."""

from __future__ import annotations

from typing import Any

import pytest

from shared.access.two_people.rollouts import asks_for_two
from shared.core.codes import Code
from shared.core.states import RolloutState
from shared.models.access.grants import Grant
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.pools import Ring
from shared.models.rollouts import Rollout, RolloutKind
from tests.api.rollouts.commands import DEADLINE, fail_host, roll_back, updated_pool
from tests.fixtures.app import SETTINGS, App, Reply, change_pool, office, update
from tests.fixtures.tokens import ANN, BOB, TENANT

S = RolloutState
OPERATOR = {"x-dev-role": "operator", "x-dev-name": "oscar"}
APPROVER = {"x-dev-role": "approver", "x-dev-name": "ann"}
BOTH = "operator,approver"


def set_limits(app: App, rule: TwoPeople = TwoPeople.ALWAYS, **fields: Any) -> None:
    """Production of the default account asks for two people."""
    fields = {"changed_by_id": "development:carl", "changed_at": app.now} | fields
    app.tables.limits.add(Limits(account="default", ring=Ring.PRODUCTION, two_people=rule, **fields))


def waiting(schedule: dict[str, Any] | None = None, **body: Any) -> tuple[App, str]:
    """A rollout that an operator asked for and that waits for a second person."""
    app = office()
    set_limits(app)
    reply = update(app, {"schedule": schedule or DEADLINE, **body}, **OPERATOR)
    assert reply.status == 202, reply.text
    return app, reply.json["id"]


def tell(app: App, rollout_id: str, command: str, body: object = None, **headers: str) -> Reply:
    return app.send("POST", f"/api/rollouts/{rollout_id}/{command}", body or {}, headers=headers)


def approve(app: App, rollout_id: str, **headers: str) -> Reply:
    return tell(app, rollout_id, "approve", **(headers or APPROVER))


def patch(app: App, rollout_id: str, body: object, name: str = "oscar") -> Reply:
    headers = {"x-dev-role": "operator", "x-dev-name": name}
    return app.send("PATCH", f"/api/rollouts/{rollout_id}", body, headers=headers)


def put_row(app: App, rollout_id: str, **changes: Any) -> Rollout:
    return app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update=changes))


def approved() -> tuple[App, str]:
    """Such a rollout after its approval."""
    app, rollout_id = waiting()
    assert approve(app, rollout_id).status == 202
    return app, rollout_id


@pytest.mark.parametrize(
    ("rule", "ring", "people", "programs", "local", "two"),
    [
        (TwoPeople.AUTO, Ring.PRODUCTION, 2, 0, False, True),
        (TwoPeople.AUTO, Ring.PRODUCTION, 1, 3, False, False),
        (TwoPeople.AUTO, Ring.PRODUCTION, 0, 0, False, False),
        (TwoPeople.AUTO, Ring.PILOT, 2, 0, False, False),
        (TwoPeople.AUTO, Ring.PRODUCTION, 2, 0, True, False),
        (TwoPeople.ALWAYS, Ring.TEST, 0, 0, True, True),
        (TwoPeople.NEVER, Ring.PRODUCTION, 2, 0, False, False),
    ],
)
def test_a_ring_asks_for_two_people(
    rule: TwoPeople, ring: Ring, people: int, programs: int, local: bool, two: bool
) -> None:
    app = App(SETTINGS.model_copy(update={"dev_identity": "developer" if local else ""}))
    for number in range(people + programs):
        principal = f"{TENANT}.{number:08d}-0000-4000-8000-000000000000"
        program = number >= people
        app.tables.grants.add(Grant(principal=principal, accounts=("*",), program=program, changed_at=app.now))
    app.tables.limits.add(Limits(account="default", ring=ring, two_people=rule, changed_at=app.now))
    assert asks_for_two(app.services, "default", ring) is two


def test_grants_of_other_accounts_do_not_count() -> None:
    app = App(SETTINGS.model_copy(update={"dev_identity": ""}))
    for person, account in ((ANN, "default"), (BOB, "fabrikam")):
        app.tables.grants.add(Grant(principal=f"{TENANT}.{person}", accounts=(account,), changed_at=app.now))
    assert not asks_for_two(app.services, "default", Ring.PRODUCTION)


def test_a_rollout_is_written_as_waiting_and_says_for_whom() -> None:
    app, rollout_id = waiting()
    view = app.send("GET", f"/api/rollouts/{rollout_id}").json
    assert (view["state"], view["note"]["code"]) == ("awaiting_approval", Code.WAITS_FOR_SECOND_PERSON)
    assert view["awaiting_since"]
    assert view["started_at"] is None
    assert view["second_person"] is True


def test_without_the_rule_nothing_waits() -> None:
    assert update(office(), {"schedule": DEADLINE}).json["state"] == "scheduled"


def test_a_second_person_lets_it_go() -> None:
    app, rollout_id = waiting()
    reply = approve(app, rollout_id)
    assert (reply.status, reply.json["state"], reply.json["note"]) == (202, "scheduled", None)
    assert reply.json["second_approved_by"] == "ann"
    row = app.rollout(rollout_id)
    assert row.second.by_id == "development:ann"
    assert row.approval.at is None
    assert approve(app, rollout_id).status == 202, "repeated, it changes nothing"
    assert app.rollout(rollout_id) == row


def test_an_admin_without_the_role_of_approver_does_not_approve() -> None:
    app, rollout_id = waiting()
    assert approve(app, rollout_id, **{"x-dev-role": "admin", "x-dev-name": "zoe"}).status == 403


def test_who_asked_for_it_does_not_approve() -> None:
    app, rollout_id = waiting()
    reply = approve(app, rollout_id, **{"x-dev-role": BOTH, "x-dev-name": "oscar"})
    assert reply.status == 403
    assert reply.json["detail"] == "You asked for this rollout yourself. Somebody else must approve it."
    assert app.rollout(rollout_id).state is S.AWAITING_APPROVAL


def test_who_changed_the_pool_last_does_not_approve() -> None:
    app, rollout_id = waiting()
    admin = {"x-dev-role": "admin,approver", "x-dev-name": "ann"}
    assert (
        app.send("PATCH", "/api/pools/office", {"join": {"kind": "entra", "intune": True}}, headers=admin).status == 200
    )
    reply = approve(app, rollout_id, **admin)
    assert (reply.status, reply.json["detail"].partition(".")[0]) == (403, "You changed its pool last")
    assert approve(app, rollout_id, **APPROVER | {"x-dev-name": "bea"}).status == 202


def test_a_change_that_changes_nothing_makes_nobody_its_last_editor() -> None:
    app, rollout_id = waiting()
    change_pool(app, changed_by_id="development:eve")
    admin = {"x-dev-role": "admin,approver", "x-dev-name": "ann"}
    assert app.send("PATCH", "/api/pools/office", {"join": {"kind": "entra"}}, headers=admin).status == 200
    assert approve(app, rollout_id, **admin).status == 202


def test_who_changed_the_limits_last_does_not_approve() -> None:
    app, rollout_id = waiting()
    reply = approve(app, rollout_id, **APPROVER | {"x-dev-name": "carl"})
    assert (reply.status, reply.json["detail"].partition(".")[0]) == (403, "You changed the limits of its ring last")


def test_who_has_changed_it_since_does_not_approve_even_if_others_changed_it_later() -> None:
    app, rollout_id = waiting()
    assert patch(app, rollout_id, {"policy": {"max_in_flight": 9}}, "ann").status == 202
    assert patch(app, rollout_id, {"policy": {"max_in_flight": 10}}, "oscar").status == 202
    reply = approve(app, rollout_id)
    assert (reply.status, reply.json["detail"].partition(".")[0]) == (
        403,
        "You have changed this rollout since it was requested",
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda app, it: patch(app, it, {"policy": {"max_in_flight": 60}}),
        lambda app, it: patch(app, it, {"policy": {"min_available": "10%"}}),
        lambda app, it: patch(app, it, {"deadline": "2026-11-02T21:00:00Z"}),
        lambda app, it: tell(app, it, "reschedule", {"deadline": "2026-11-02T21:00:00Z"}, **OPERATOR),
        lambda app, it: patch(app, it, {"drain_again": ["h1.contoso.local"]}),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_what_is_changed_after_the_approval_needs_a_new_one(change: Any, begun: bool) -> None:
    app, rollout_id = approved()
    if begun:
        put_row(app, rollout_id, state=S.RUNNING, started_at=app.now)
    reply = change(app, rollout_id)
    assert reply.status == 202, reply.text
    assert (reply.json["state"], reply.json["note"]["code"]) == ("awaiting_approval", Code.WAITS_AFTER_CHANGE)
    again = approve(app, rollout_id)
    assert again.json["state"] == ("running" if begun else "scheduled")


def test_an_included_host_needs_a_new_approval_and_one_more_left_out_does_not() -> None:
    app, rollout_id = waiting(exclude=["h0.contoso.local"])
    approve(app, rollout_id)
    assert patch(app, rollout_id, {"exclude": ["h0.contoso.local", "h1.contoso.local"]}).json["state"] == "scheduled"
    assert patch(app, rollout_id, {"policy": {"max_in_flight": 2}}).json["state"] == "scheduled"
    assert patch(app, rollout_id, {"exclude": ["h1.contoso.local"]}).json["state"] == "awaiting_approval"


@pytest.mark.parametrize("begun", [False, True])
def test_pausing_and_resuming_is_no_way_around_it(begun: bool) -> None:
    app, rollout_id = waiting()
    if begun:
        approve(app, rollout_id)
        put_row(app, rollout_id, state=S.RUNNING, started_at=app.now)
        patch(app, rollout_id, {"policy": {"max_in_flight": 60}})
    assert tell(app, rollout_id, "pause", **OPERATOR).json["state"] == "paused"
    assert approve(app, rollout_id).status == 409
    resumed = tell(app, rollout_id, "resume", **OPERATOR).json
    assert resumed["state"] == "awaiting_approval"
    assert resumed["note"]["code"] in {Code.WAITS_FOR_SECOND_PERSON, Code.WAITS_AFTER_CHANGE}
    assert approve(app, rollout_id).json["state"] == ("running" if begun else "scheduled")


def test_a_change_while_it_is_paused_waits_after_the_pause() -> None:
    app, rollout_id = approved()
    put_row(app, rollout_id, state=S.RUNNING, started_at=app.now)
    tell(app, rollout_id, "pause", **OPERATOR)
    assert patch(app, rollout_id, {"policy": {"max_in_flight": 60}}).json["state"] == "paused"
    assert tell(app, rollout_id, "resume", **OPERATOR).json["state"] == "awaiting_approval"


def test_the_approval_of_the_canary_is_another_one() -> None:
    app, rollout_id = waiting(policy={"canary_hold": "approve"})
    approve(app, rollout_id)
    assert approve(app, rollout_id).status == 409, "the canary does not wait yet"
    row = app.rollout(rollout_id)
    held = row.approval.replace(awaiting_since=app.now)
    put_row(app, rollout_id, state=S.AWAITING_APPROVAL, started_at=app.now, approval=held)
    assert patch(app, rollout_id, {"policy": {"max_in_flight": 60}}).json["state"] == "awaiting_approval"
    assert approve(app, rollout_id).json["state"] == "running"
    assert app.rollout(rollout_id).approval.at is None, "only the change was approved"
    put_row(app, rollout_id, state=S.AWAITING_APPROVAL)
    assert approve(app, rollout_id).json["state"] == "running"
    assert app.rollout(rollout_id).approval.by == "ann"


def test_a_cancelled_one_never_begins() -> None:
    app, rollout_id = waiting()
    assert (
        app.send("POST", f"/api/rollouts/{rollout_id}/cancel", {"how": "roll_back"}, headers=OPERATOR).json["state"]
        == "cancelling"
    )


def test_a_roll_back_of_the_pool_never_waits() -> None:
    app = updated_pool()
    set_limits(app)
    assert roll_back(app).json["state"] == "scheduled"


def test_a_retry_is_a_request_of_its_own() -> None:
    app, rollout_id = approved()
    row = put_row(app, rollout_id, state=S.FAILED, started_at=app.now, ended_at=app.now)
    assert row.kind is RolloutKind.UPDATE
    change_pool(app, running_rollout="", last_rollout=rollout_id)
    fail_host(app, rollout_id, "h0.contoso.local")
    new = tell(app, rollout_id, "retry", **OPERATOR).json
    assert (new["state"], new["id"] != rollout_id) == ("awaiting_approval", True)
