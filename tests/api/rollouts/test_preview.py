"""The plan says what limits it, in which order hosts come, and what windows do to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shared.models.pools import HostProof
from shared.services import POOLS
from tests.fixtures.app import WHAT_IF, App, office
from tests.fixtures.builders import NEW
from tests.fixtures.world.azure import version_id_of

DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}
WINDOW = [{"from": "22:00", "to": "23:30"}]
"""It is 10:00 in the pool's zone."""


def many(hosts: int, **world: Any) -> App:
    """A pool of so many hosts, all but the first three of them idle."""
    app = office(**world)
    for number in range(3, hosts):
        app.world.add_host(f"h{number}.contoso.local")
    return app


def planned(app: App, schedule: dict[str, Any] | None = None, **policy: Any) -> dict[str, Any]:
    asked = {"version": "2.0.0", "schedule": schedule or DEADLINE, "policy": policy}
    reply = app.send("POST", WHAT_IF, asked)
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def bounds(plan: dict[str, Any]) -> dict[str, int]:
    return {bound["bound"]: bound["hosts"] for bound in plan["bounds"]}


def test_every_limit_is_shown_with_its_derivation() -> None:
    plan = planned(many(37))
    assert (
        bounds(plan).items() >= {"max_unavailable": 9, "min_available": 29, "max_in_flight": 50, "replicas": 50}.items()
    )
    reason = {bound["bound"]: bound["reason"]["text"] for bound in plan["bounds"]}
    assert all(reason.values())
    assert reason["max_unavailable"] == "25% of 37 hosts, rounded down, at least 1"
    assert "rounded up" in reason["min_available"]


@pytest.mark.parametrize(
    ("policy", "limited_by", "limited_later_by", "at_once"),
    [
        ({}, ["ramp", "first_reimage"], ["max_unavailable"], 9),
        ({"strategy": "replace"}, ["ramp"], ["max_unavailable"], 9),
        ({"strategy": "replace", "canary_hosts": 0}, ["proof"], ["max_unavailable"], 9),
        (
            {"strategy": "replace", "canary_hosts": 0, "proof": "none", "max_in_flight": 4},
            ["max_in_flight"],
            ["max_in_flight"],
            4,
        ),
        (
            {"strategy": "replace", "canary_hosts": 0, "proof": "none", "max_in_flight": 9},
            ["max_unavailable", "max_in_flight"],
            ["max_unavailable", "max_in_flight"],
            9,
        ),
        ({"strategy": "replace", "min_available": "100%"}, ["min_available"], ["min_available"], 0),
    ],
)
def test_the_smallest_limit_applies_and_ties_are_shown(
    policy: dict[str, Any], limited_by: list[str], limited_later_by: list[str], at_once: int
) -> None:
    plan = planned(many(37), **policy)
    assert (set(plan["limited_by"]), plan["limited_later_by"], plan["at_once"]) == (
        set(limited_by),
        limited_later_by,
        at_once,
    )


def test_a_lifted_min_available_limits_nothing() -> None:
    app = office()
    plan = planned(app, {"mode": "now"}, strategy="replace", proof="none", min_available="100%")
    assert (plan["limited_by"], plan["at_once"]) == (["max_unavailable"], 3)


def test_hosts_are_listed_in_the_order_that_the_plan_states() -> None:
    plan = planned(many(5))
    assert [host["host"].split(".")[0] for host in plan["hosts"]] == ["h0", "h3", "h4", "h2", "h1"]
    assert plan["ordered_by"]["text"].startswith("idle hosts first")


def test_with_windows_the_plan_starts_when_they_open() -> None:
    plan = planned(many(37), DEADLINE, windows=WINDOW, settle_seconds=60)
    assert plan["first_host_at"] == "2026-11-02T21:00:00Z"
    assert plan["windows"] == {
        "code": "window_has_room",
        "text": "About 15 of 37 hosts can finish before the window closes, at 20 minutes each.",
        "at": "2026-11-02T22:30:00Z",
        "count": 15,
    }
    assert [host["action"] for host in plan["hosts"]].count("drain") >= 1
    # The first at 22:02, then 2, 4 and 8 of them; the window has no room for the others.
    assert all(
        datetime.fromisoformat(end) > datetime.fromisoformat(DEADLINE["deadline"] + "+01:00")
        for end in plan["expected_end_bounds"]
    )
    assert plan["expected_end"] > "2026-11-03T21:00"


def test_a_window_shorter_than_a_rebuild_is_reported_as_exceeded() -> None:
    plan = planned(office(), DEADLINE, windows=[{"from": "22:55", "to": "23:05"}])
    assert "No window is long enough for a host (20 minutes each)" in plan["windows"]["text"]


def test_without_windows_the_plan_does_not_mention_them() -> None:
    plan = planned(office())
    assert (plan["windows"], plan["first_host_at"]) == (None, None)


def test_the_expected_end_includes_the_canary_host_and_its_baking() -> None:
    plan = planned(office(), {"mode": "now"}, bake_minutes=60, settle_seconds=0, strategy="replace")
    # One of three, watched for an hour, then both others.
    assert plan["expected_end"] == "2026-11-02T10:40:00Z"
    assert plan["expected_end_bounds"] == ["2026-11-02T10:40:00Z", "2026-11-02T10:40:00Z"]


def test_the_expected_end_includes_the_host_that_tests_reimaging() -> None:
    assert planned(office(), {"mode": "now"}, settle_seconds=0)["expected_end"] == "2026-11-02T09:40:00Z"
    known = planned(office(), {"mode": "now"}, settle_seconds=0, strategy="replace", proof="none")
    assert known["expected_end"] == "2026-11-02T09:20:00Z"


def test_the_plan_says_how_long_the_proof_takes_and_what_has_proved_the_update() -> None:
    app = office()
    plan = planned(app, {"mode": "now"}, strategy="replace")
    assert plan["proof"] == {
        "code": "proof_outstanding",
        "text": "One host must be back in service before others are rebuilt: about 20 minutes.",
        "count": 1,
    }
    assert plan["expected_end"] > planned(app, {"mode": "now"}, strategy="replace", proof="none")["expected_end"]
    pool = app.tables.pools.find(POOLS, "office")
    assert pool is not None
    shown = HostProof(
        version_id=version_id_of(NEW), strategy="replace", join=pool.join, at=app.now, rollout="8204693463134-636d"
    )
    app.tables.pools.replace(pool.model_copy(update={"proof": shown}))
    proof = planned(app, {"mode": "now"}, strategy="replace")["proof"]
    assert (proof["code"], proof["href"]) == ("proof_found", "/api/rollouts/8204693463134-636d")
    assert planned(app, {"mode": "now"}, strategy="replace", proof="none")["proof"] is None


def test_the_plan_says_beforehand_when_the_deadline_of_the_other_hosts_will_move() -> None:
    app = office()
    app.world.log_on("h0.contoso.local", "ann")
    plan = planned(app)
    assert plan["deadline"]["code"] == "deadline_moves"
    assert plan["schedule"]["others_force_at"] == plan["deadline"]["at"] > plan["schedule"]["force_at"]
    for kept in (planned(app, strict_deadline=True), planned(app, canary_hosts=0), planned(many(4))):
        assert kept["deadline"] is None
        assert kept["schedule"]["others_force_at"] is None


def test_a_plan_in_which_no_host_can_be_rebuilt_before_the_deadline_warns() -> None:
    found = [one for one in planned(office(), min_available="100%")["preflight"] if one["check"] == "limits"]
    assert [one["result"] for one in found] == ["warn"]
    assert not [one for one in planned(office())["preflight"] if one["check"] == "limits"]


@pytest.mark.parametrize(
    ("account", "image", "expected"),
    [
        ("default", "win11", "2026-11-02T09:05:00Z"),
        ("other", "win11", "2026-11-02T09:20:00Z"),
        ("default", "win10", "2026-11-02T09:20:00Z"),
    ],
)
def test_the_time_of_a_pool_never_measured_is_that_of_pools_like_it(account: str, image: str, expected: str) -> None:
    app = office()
    pool = app.tables.pools.find(POOLS, "office")
    assert pool is not None
    for name, seconds in (("lab", 300.0), ("pilot", 240.0), ("old", 900.0)):
        fields = {"name": name, "account": account, "image": image, "host_seconds": seconds, "etag": None}
        app.tables.pools.add(pool.model_copy(update=fields | {"host_pool_id": f"{pool.host_pool_id}-{name}"}))
    plan = planned(app, {"mode": "now"}, settle_seconds=0, strategy="replace", proof="none")
    assert plan["expected_end"] == expected
