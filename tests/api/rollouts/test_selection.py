"""Requests that choose hosts or leave hosts out."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.names import EXCLUDE_TAG
from shared.models.rollout_parts import Selection
from tests.api.rollouts.commands import fail_host
from tests.fixtures.app import WHAT_IF, App, office, update
from tests.fixtures.world.azure import vm_id_of

H0, H1, H2 = (f"h{number}.contoso.local" for number in range(3))


def planned(app: App, **body: Any) -> dict[str, tuple[str, str]]:
    """What the plan does with each host, and the code of the reason."""
    reply = app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": {"mode": "now"}} | body)
    assert reply.status == 200, reply.text
    return {host["host"]: (host["action"], host["reason"]["code"]) for host in reply.json["hosts"]}


def tag(app: App, host: str) -> None:
    vm_id = vm_id_of(host).lower()
    machine = app.world.machines[vm_id]
    app.world.machines[vm_id] = machine.model_copy(update={"tags": {EXCLUDE_TAG: ""}})


def test_the_plan_says_which_hosts_are_left_out_and_why() -> None:
    app = office()
    tag(app, H2)
    assert planned(app, exclude=[H1.upper()]) == {
        H0: ("drain", "idle"),
        H1: ("skip", "excluded"),
        H2: ("skip", "excluded_by_tag"),
    }


def test_the_plan_of_chosen_hosts_counts_only_them() -> None:
    app = office()
    reply = app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": {"mode": "now"}, "only": [H1]})
    assert (reply.json["to_update"], reply.json["users_at_force"]) == (1, 2)
    assert {host["reason"]["code"] for host in reply.json["hosts"] if host["action"] == "skip"} == {"not_chosen"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"exclude": ["h9"]}, {"exclude"}),
        ({"only": ["h9", H1]}, {"only"}),
        ({"only": []}, {"only"}),
        ({"only": ["not a name"]}, {"only.0"}),
        ({"only": ["h9"], "exclude": ["h8"]}, {"only", "exclude"}),
        ({"exclude": [H0, H1, H2]}, {"exclude"}),
        ({"only": [H0], "exclude": [H0]}, {"exclude"}),
        ({"for_new_hosts": True}, {"for_new_hosts"}),
    ],
)
@pytest.mark.parametrize("query", ["", "?what_if=true"])
def test_a_selection_that_cannot_be_is_refused_by_name(body: dict[str, Any], fields: set[str], query: str) -> None:
    app = office()
    reply = app.send(
        "POST", f"/api/pools/office/update-image{query}", {"version": "2.0.0", "schedule": {"mode": "now"}} | body
    )
    assert (reply.status, reply.bad_fields) == (400, fields)
    assert app.engine.rollouts == set()


def test_what_would_stop_a_host_that_is_left_out_does_not_matter() -> None:
    app = office()
    app.world.add_host("odd", definition_id="/other", version="7.0.0")
    body = {"policy": {"strategy": "reimage"}}
    assert update(app, body).status == 422
    assert update(app, body | {"exclude": ["odd"]}).status == 202


def test_a_roll_back_of_the_pool_keeps_the_selection() -> None:
    app = office()
    rollout_id = update(app, {"exclude": [H1]}).json["id"]
    rollout = app.rollout(rollout_id)
    assert rollout.selection == Selection(exclude=(H1,))
    ended = {"state": "succeeded", "started_at": app.now, "ended_at": app.now}
    app.tables.rollouts.replace(rollout.model_copy(update=ended))
    pool = {"version": "2.0.0", "previous_version": "1.0.0", "running_rollout": "", "last_rollout": rollout_id}
    app.tables.pools.replace(app.pool().model_copy(update=pool))
    app.later(minutes=1)
    back = app.send("POST", "/api/pools/office/roll-back", {"schedule": {"mode": "now"}})
    assert back.status == 202, back.text
    assert app.rollout(back.json["id"]).selection == Selection(exclude=(H1,))


def test_a_retry_keeps_the_selection() -> None:
    app = office()
    rollout_id = update(app, {"exclude": [H1]}).json["id"]
    fail_host(app, rollout_id, H0)
    ended = {"state": "failed", "started_at": app.now, "ended_at": app.now}
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update=ended))
    app.tables.pools.replace(app.pool().model_copy(update={"running_rollout": "", "last_rollout": rollout_id}))
    app.later(minutes=1)
    again = app.send("POST", f"/api/rollouts/{rollout_id}/retry", {})
    assert again.status == 202, again.text
    assert app.rollout(again.json["id"]).selection == Selection(exclude=(H1,))
