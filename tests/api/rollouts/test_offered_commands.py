"""What a rollout says about its commands is what happens when they are given, for each caller."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.accounts import Account
from shared.models.rollout_parts import SecondPerson
from shared.rollouts.command_rules import Command
from shared.rollouts.offers import NEEDS
from tests.api.rollouts.commands import COMMANDS, all_rollouts, in_state, set_row, tell
from tests.api.rollouts.test_commands_in_every_state import CELLS, OTHERWISE
from tests.fixtures.app import NOW, START, App, change_pool, office, update
from triggers.http.contract import ENDPOINTS

S = RolloutState
WITH_EXTRAS = [(state, {}, cell) for state, cell in CELLS] + OTHERWISE


def offers(app: App, rollout_id: str, **headers: str) -> dict[str, Any]:
    """The commands that the rollout offers to this caller."""
    reply = app.send("GET", f"/api/rollouts/{rollout_id}", headers={k.replace("_", "-"): v for k, v in headers.items()})
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json["commands"]
    return found


@pytest.mark.parametrize(("state", "extra", "cell"), WITH_EXTRAS)
def test_a_command_can_be_given_exactly_when_it_changes_something(
    state: RolloutState, extra: dict[str, Any], cell: str
) -> None:
    app, rollout_id = in_state(state, **extra)
    command = cell.partition(":")[0]
    offer = offers(app, rollout_id)[command]
    before = (app.rollout(rollout_id), len(all_rollouts(app)))
    reply = tell(app, rollout_id, command)
    changed = reply.status == 202 and before != (app.rollout(rollout_id), len(all_rollouts(app)))
    assert offer["can"] is changed, (offer, reply.text)
    assert (offer["why"] is None) is offer["can"]
    assert (offer["effect"] is None) is not offer["can"]
    if reply.status == 409:
        assert offer["why"]["text"] == reply.json["detail"].replace(f"Rollout {rollout_id}", "It")


def test_every_command_is_offered_in_every_answer() -> None:
    app, rollout_id = in_state(S.RUNNING, failed=0)
    assert set(offers(app, rollout_id)) == {command.value for command in Command}
    told = tell(app, rollout_id, "pause").json["commands"]
    assert (told["resume"]["can"], told["pause"]["can"]) == (True, False)
    assert told["pause"]["why"]["text"] == "It is paused already."
    assert told == offers(app, rollout_id)


def test_the_needs_are_those_of_the_routes() -> None:
    routes = {(one.method, one.path): one.needs for one in ENDPOINTS}
    for command, (path, _) in COMMANDS.items():
        route = ("POST", f"rollouts/{{rollout}}/{path}") if path else ("PATCH", "rollouts/{rollout}")
        assert NEEDS[Command(command)] == routes[route], command


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("reader", set()),
        ("operator", {"pause", "cancel", "roll_back", "reschedule", "change"}),
        ("approver", {"approve"}),
        ("admin", {"pause", "cancel", "roll_back", "reschedule", "change"}),
    ],
)
def test_who_may_not_is_told_the_right_it_takes(role: str, may: set[str]) -> None:
    app, rollout_id = in_state(S.AWAITING_APPROVAL)
    app.tables.accounts.add(Account(name="default", title="Contoso", created_at=START))
    given = offers(app, rollout_id, x_dev_role=role, x_dev_accounts="default")
    assert {name for name, offer in given.items() if offer["can"]} == may
    if role == "reader":
        text = "You are reader on Contoso: asking for this needs the right to steer."
        assert given["pause"]["why"] == {"code": "needs_right", "text": text}
        assert given["approve"]["why"]["text"].endswith("the right to approve.")
        assert given["pause"]["effect"]["code"] == "would_pause"  # what it would do is told all the same
    for name, (path, body) in COMMANDS.items():
        method, address = ("POST", f"/{path}") if path else ("PATCH", "")
        headers = {"x-dev-role": role, "x-dev-accounts": "default"}
        app, rollout_id = in_state(S.AWAITING_APPROVAL)
        status = app.send(method, f"/api/rollouts/{rollout_id}{address}", body, headers=headers).status
        assert (status == 202) is (name in may), (name, status)


def test_who_asked_for_it_is_told_that_somebody_else_must_approve() -> None:
    app, rollout_id = in_state(S.AWAITING_APPROVAL, failed=0)
    me = app.rollout(rollout_id).requester
    set_row(app, rollout_id, started_at=None, second=SecondPerson(asked=True, awaiting_since=START))
    change_pool(app, changed_by_id="")
    mine = offers(app, rollout_id)["approve"]
    assert me and mine["can"] is False
    assert mine["why"]["code"] == "needs_second_person"
    assert mine["why"]["text"] == "You asked for this rollout yourself. Somebody else must approve it."
    others = offers(app, rollout_id, x_dev_name="ann", x_dev_role="approver", x_dev_accounts="*")["approve"]
    assert others["can"] is True, others


def test_effects_count_the_hosts_they_are_about() -> None:
    app, rollout_id = in_state(S.RUNNING, failed=1)
    row = app.tables.hosts.all(rollout_id)[0]
    states = {"a": HostState.JOINING, "b": HostState.DONE, "c": HostState.PENDING, "d": HostState.WAITING_FOR_LOGOFF}
    for name, state in states.items():
        taken = None if state is HostState.PENDING else START + timedelta(minutes=1)
        app.tables.hosts.add(row.model_copy(update={"host": name, "state": state, "etag": None, "taken_at": taken}))
    given = offers(app, rollout_id)
    assert given["pause"]["effect"]["text"] == "1 host in work is finished. No other host is started."
    assert given["cancel"]["effect"]["text"] == "1 host in work is finished. 2 hosts stay on 1.0.0."
    assert given["roll_back"]["effect"]["text"] == "2 hosts go back to version 1.0.0."
    assert given["retry"]["effect"] == {"code": "would_retry", "text": "1 failed host is tried again.", "count": 1}


@pytest.mark.parametrize(
    ("schedule", "later", "text"),
    [
        (NOW, 0, "It began at once, so it has no moment that could move. Pause or cancel it."),
        ({"mode": "at", "at": "2026-11-02T20:00:00Z"}, 0, ""),
        ({"mode": "at", "at": "2026-11-02T09:30:00Z"}, 1, "It has started. Pause or cancel it."),
        (
            {"mode": "on_logoff", "deadline": "2026-11-02T09:30:00Z"},
            1,
            "Users are already being signed out. Pause or cancel it.",
        ),
    ],
)
def test_moving_is_offered_while_a_moment_can_move(schedule: dict[str, Any], later: int, text: str) -> None:
    app = office()
    rollout_id = update(app, {"schedule": schedule}).json["id"]
    if later:
        app.later(hours=later)
        set_row(app, rollout_id, state=S.RUNNING, started_at=START)
    offer = offers(app, rollout_id)["reschedule"]
    assert (offer["why"] or {"text": ""})["text"] == text
    field = "at" if schedule["mode"] == "at" else "deadline"
    reply = tell(app, rollout_id, "reschedule", {field: "2026-11-02T22:00:00Z"})
    assert (reply.status == 202) is offer["can"], reply.text
