"""Limits of an account's ring: no pool and no request goes beyond them, and a refusal names the limit."""

from __future__ import annotations

from typing import Any

import pytest

from shared.services import ROLLOUTS
from tests.fixtures.app import NOW, App, Reply, change_pool, findings, office, update

LIMITS = "/api/access/limits/default/production"
LATER = {"mode": "on_logoff", "deadline": "2026-11-03T09:00:00Z"}
WEEKEND = [{"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}]


def limited(**limits: Any) -> App:
    app = office()
    assert app.send("PUT", LIMITS, limits).status == 201
    return app


def plan(app: App, **body: Any) -> Reply:
    asked = {"version": "2.0.0", "schedule": LATER, **body}
    return app.send("POST", "/api/pools/office/update-image?what_if=true", asked)


def names_the_limit(reply: Reply) -> bool:
    return reply.status == 422 and "limits of account default, ring production" in reply.text


BEYOND: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"least_min_available": "50%"}, {"policy": {"min_available": "20%"}}),
    ({"least_min_available": 2}, {"policy": {"min_available": 1}}),
    ({"most_max_unavailable": "34%"}, {"policy": {"max_unavailable": "100%"}}),
    ({"least_canary_hosts": 1}, {"policy": {"canary_hosts": 0}}),
    ({"modes": ["on_logoff"]}, {"schedule": NOW}),
    ({"notice_minutes": 60}, {"schedule": NOW}),
    ({"notice_minutes": 60}, {"schedule": {"mode": "at", "at": "2026-11-02T09:30:00Z"}}),
    ({"windows": WEEKEND}, {"policy": {"windows": [{"days": ["fri", "sat"], "from": "08:00", "to": "20:00"}]}}),
]


@pytest.mark.parametrize(("limits", "asked"), BEYOND)
def test_a_request_beyond_a_limit_is_refused_and_the_refusal_names_it(
    limits: dict[str, Any], asked: dict[str, Any]
) -> None:
    app = limited(**limits)
    saturday = {"mode": "on_logoff", "deadline": "2026-11-07T12:00:00Z"}
    body = {"schedule": saturday if "windows" in limits else LATER, **asked}
    assert names_the_limit(update(app, body)), update(app, body).text
    assert app.tables.rollouts.all(ROLLOUTS) == []
    assert findings(plan(app, **body))["limits"] == "fail"
    assert app.send("DELETE", LIMITS).status == 204
    assert update(app, body).status == 202


def test_what_nobody_named_is_as_the_limits_want_it() -> None:
    app = limited(least_canary_hosts=2, least_min_available="50%", most_max_unavailable="10%", modes=["now"])
    found = app.rollout(update(app).json["id"]).policy
    assert (found.canary_hosts, found.min_available, found.max_unavailable) == (2, "50%", "10%")


def test_a_pool_whose_policy_goes_beyond_is_refused() -> None:
    app = limited(least_canary_hosts=1)
    assert app.send("PATCH", "/api/pools/office", {"policy": {"canary_hosts": 0}}).bad_fields == {"policy.canary_hosts"}
    change_pool(app, policy=app.pool().policy.replace(canary_hosts=0))  # set before the limit
    assert names_the_limit(update(app, {"schedule": LATER}))


def test_a_fleet_update_and_a_retry_keep_to_the_limits() -> None:
    app = limited(modes=["on_logoff"])
    reply = app.send("POST", "/api/rollouts", {"version": "2.0.0", "schedule": NOW, "pools": ["office"]})
    assert names_the_limit(reply)


def test_an_open_rollout_is_not_changed_beyond_a_limit() -> None:
    app = limited(notice_minutes=120, least_min_available="50%")
    rollout = update(app, {"schedule": LATER}).json["id"]
    path = f"/api/rollouts/{rollout}"
    sooner = {"deadline": "2026-11-02T10:00:00Z"}
    assert "120 minutes" in app.send("POST", f"{path}/reschedule", sooner).text
    assert "120 minutes" in app.send("PATCH", path, sooner).text
    assert app.send("PATCH", path, {"policy": {"min_available": "10%"}}).bad_fields == {"policy.min_available"}
    assert app.send("POST", f"{path}/reschedule", {"deadline": "2026-11-04T10:00:00Z"}).status == 202
    assert app.rollout(rollout).policy.min_available == "50%"


def test_a_roll_back_is_told_of_a_limit_and_not_held_up() -> None:
    app = limited(modes=["on_logoff"], notice_minutes=60)
    change_pool(app, version="2.0.0", previous_version="1.0.0", previous_image="win11")
    plan_of_it = app.send("POST", "/api/pools/office/roll-back?what_if=true", {"schedule": NOW})
    assert findings(plan_of_it)["limits"] == "warn"


def test_limits_are_read_listed_and_removed() -> None:
    app = limited(modes=["on_logoff"])
    assert app.send("PUT", LIMITS, {"notice_minutes": 5}).status == 200
    found = app.send("GET", LIMITS).json
    assert (found["notice_minutes"], found["modes"], found["changed_by"]) == (5, [], "developer")
    assert [row["ring"] for row in app.send("GET", "/api/access/limits").json["items"]] == ["production"]
    assert app.send("DELETE", LIMITS).status == 204
    assert app.send("GET", LIMITS).status == 404
    assert app.send("PUT", "/api/access/limits/default/moon", {}).bad_fields == {"ring"}
    assert app.send("PUT", "/api/access/limits/nowhere/test", {}).status == 404


def test_removed_limits_are_no_limits_and_may_be_set_again() -> None:
    app = limited(least_min_available=2)
    assert app.send("DELETE", LIMITS).status == 204
    assert [app.send(method, LIMITS).status for method in ("GET", "DELETE")] == [404, 404]
    assert app.send("GET", "/api/access/limits").json["items"] == []
    assert "limits" not in {one["check"] for one in plan(app).json["preflight"]}
    assert app.send("PUT", LIMITS, {"least_min_available": 1}).status == 201
    assert app.send("GET", LIMITS).json["least_min_available"] == 1


def test_another_ring_is_not_touched() -> None:
    app = limited(modes=["on_logoff"])
    change_pool(app, ring="test")
    assert update(app).status == 202
