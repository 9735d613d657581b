"""Caps of an account: set, read, lifted and removed by an admin, and recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.app import App, office, update

CAPS = "/api/access/caps/default"


def recorded(app: App, action: str) -> list[tuple[str, str, str]]:
    entries = app.tables.audit.every()
    return [(row.before, row.after, row.detail) for row in entries if row.action == action]


def test_caps_are_set_changed_and_removed_and_each_is_recorded() -> None:
    app = office()
    assert app.send("GET", CAPS).status == 404
    made = app.send("PUT", CAPS, {"hosts_per_hour": 20})
    assert (made.status, made.json["hosts_per_hour"], made.json["sign_outs_per_hour"]) == (201, 20, None)
    assert made.json["used"] == {"hosts": 0, "sign_outs": 0, "pools": []}
    assert app.send("PUT", CAPS, {"pools_per_hour": 2}).json["hosts_per_hour"] is None
    assert [row["account"] for row in app.send("GET", "/api/access/caps").json["items"]] == ["default"]
    assert app.send("DELETE", CAPS).status == 204
    assert app.send("GET", CAPS).status == 404
    changes = [("", '{"hosts_per_hour":20}', ""), ('{"hosts_per_hour":20}', '{"pools_per_hour":2}', "")]
    assert sorted(recorded(app, "set caps")) == changes
    assert recorded(app, "remove caps") == [('{"pools_per_hour":2}', "", "")]


@pytest.mark.parametrize("asked", [{"hosts_per_hour": 0}, {"hosts_per_hour": "all"}, {"pools_per_hour": 201}, {"x": 1}])
def test_a_cap_that_would_stop_everything_or_means_nothing_is_refused(asked: dict[str, Any]) -> None:
    assert office().send("PUT", CAPS, asked).status == 400


def test_an_account_that_does_not_exist_has_no_caps() -> None:
    assert office().send("PUT", "/api/access/caps/nobody", {}).status == 404


def test_an_override_has_an_end_and_a_reason_and_is_recorded() -> None:
    app = office()
    asked = {"hours": 2, "reason": "Security fix"}
    assert app.send("POST", f"{CAPS}/override", asked).status == 404
    app.send("PUT", CAPS, {"hosts_per_hour": 20})
    assert app.send("POST", f"{CAPS}/override", {"hours": 2}).status == 400
    lifted = app.send("POST", f"{CAPS}/override", asked).json["override"]
    assert (lifted["until"], lifted["reason"], lifted["by"]) == ("2026-11-02T11:00:00Z", "Security fix", "developer")
    assert [detail for _, _, detail in recorded(app, "override caps")] == ["Security fix"]
    app.later(hours=2)
    assert app.send("GET", CAPS).json["override"] is None


def test_an_override_can_be_ended_early() -> None:
    app = office()
    app.send("PUT", CAPS, {"hosts_per_hour": 20})
    app.send("POST", f"{CAPS}/override", {"hours": 2, "reason": "Security fix"})
    assert app.send("POST", f"{CAPS}/override", {"hours": 0, "reason": "Done"}).json["override"] is None


def test_a_plan_shows_the_cap() -> None:
    app = office()
    app.send("PUT", CAPS, {"hosts_per_hour": 20})
    asked = {"version": "2.0.0", "schedule": {"mode": "now"}}
    plan = app.send("POST", "/api/pools/office/update-image?what_if=true", asked).json
    assert {bound["bound"]: bound["hosts"] for bound in plan["bounds"]}["cap"] == 20
    assert update(app).status == 202
