"""Plans while somebody is still choosing: without the checks, and with the first hosts alone."""

from __future__ import annotations

from typing import Any

from tests.fixtures.app import WHAT_IF, App, Reply, office

NOW = {"version": "2.0.0", "schedule": {"mode": "now"}}


def plan(app: App, more: str = "", **body: Any) -> Reply:
    return app.send("POST", f"{WHAT_IF}{more}", NOW | body)


def test_a_plan_without_checks_says_so_and_cannot_be_agreed_on() -> None:
    app = office()
    light, full = plan(app, "&checks=false"), plan(app)
    assert light.status == full.status == 200, light.text
    assert (light.json["checks_made"], light.json["preflight"], light.json["id"]) == (False, [], "")
    assert light.json["can_start"] is False and full.json["checks_made"] is True
    same = ("hosts", "to_update", "users_now", "users_at_force", "schedule", "policy", "expected_end", "hosts_total")
    assert {name: light.json[name] for name in same} == {name: full.json[name] for name in same}
    assert "replicas" not in {one["bound"] for one in light.json["bounds"]}


def test_a_plan_without_checks_reads_less_of_azure() -> None:
    app = office()
    plan(app, "&checks=false")
    few, app = len(app.world.calls), office()
    plan(app)
    assert few < len(app.world.calls) / 2
    assert app.rows_written() == office().rows_written()


def test_bad_fields_are_named_without_checks_too() -> None:
    reply = plan(office(), "&checks=false", schedule={"mode": "at"})
    assert (reply.status, reply.bad_fields) == (400, {"schedule.at"})


def test_a_plan_shows_its_first_hosts_alone() -> None:
    app = office()
    whole = plan(app).json
    for limit in (0, 2, 10_000):
        some = plan(app, f"&hosts_limit={limit}").json
        assert some["hosts"] == whole["hosts"][:limit]
        assert (some["hosts_total"], some["id"]) == (3, whole["id"])
    assert plan(app, "&hosts_limit=10001").bad_fields == {"hosts_limit"}
    back = app.send("POST", "/api/pools/office/roll-back?what_if=true&hosts_limit=1")
    assert back.status in {200, 409}
