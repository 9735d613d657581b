"""PATCH /api/promotions/{promotion}: everything but image and version may change before it starts."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import PromotionState
from shared.images.promotions.edit import settings_of
from shared.models.images import Verdict
from shared.services import PROMOTIONS
from tests.fixtures.app import App, Reply
from tests.fixtures.audit import changes
from tests.fixtures.scenarios.images import IMAGE, add_pool
from tests.fixtures.scenarios.promotions import ask, planned, row, with_staged
from tests.fixtures.version_sets import record_family, version_row, version_set

S = PromotionState
DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-04T18:00:00Z"}


def patch(app: App, promotion_id: str, body: object, **headers: str) -> Reply:
    return app.send("PATCH", f"/api/promotions/{promotion_id}", body, headers=headers)


def with_pools(**body: Any) -> tuple[App, str]:
    """A promotion that updates the pool office of two."""
    env = with_staged()
    for name in ("office", "hr"):
        add_pool(env, name)
    asked = {
        "at": "2026-11-03T20:00",
        "update_pools": ["office"],
        "schedule": DEADLINE,
        "policy": {"retries": 2},
    } | body
    reply = ask(env.app, **asked)
    assert reply.status == 201, reply.text
    return env.app, reply.json["id"]


def test_pools_schedule_and_policy_change_and_the_rest_stays() -> None:
    app, promotion_id = with_pools()
    before = app.send("GET", f"/api/promotions/{promotion_id}").json
    reply = patch(app, promotion_id, {"update_pools": ["hr", "office"], "policy": {"retries": 0, "max_failed": 3}})
    assert reply.status == 200, reply.text
    changed = {"update_pools", "policy"}
    assert {name: value for name, value in reply.json.items() if name not in changed} == {
        name: value for name, value in before.items() if name not in changed
    }
    assert set(reply.json["update_pools"]) == {"hr", "office"}
    assert (reply.json["policy"]["retries"], reply.json["policy"]["max_failed"]) == (0, 3)
    assert row(app, promotion_id).state is S.SCHEDULED
    assert changes(app.tables)[0].action == "change promotion"


def test_a_new_moment_moves_the_schedule_of_its_pools() -> None:
    app, promotion_id = with_pools()
    moved = patch(app, promotion_id, {"at": "2026-11-05T20:00", "soak_minutes": 5}).json
    assert (moved["due_at"], moved["soak_minutes"]) == ("2026-11-05T20:00:00Z", 5)
    assert moved["schedule"]["begin_at"] >= moved["due_at"]
    same = app.send("POST", f"/api/promotions/{promotion_id}/reschedule", {"at": "2026-11-05T20:00"}).json
    assert same["schedule"] == moved["schedule"]


def test_days_take_the_place_of_a_date_and_the_contrary() -> None:
    app, promotion_id = planned()
    days = patch(app, promotion_id, {"days_after_staging": 10}).json
    assert days["days_after_staging"] == 10
    date = patch(app, promotion_id, {"at": "2026-11-20T08:00", "time_zone": "Europe/Berlin"}).json
    assert (date["days_after_staging"], date["due_at"]) == (None, "2026-11-20T07:00:00Z")


def test_no_pools_any_more_and_every_pool() -> None:
    app, promotion_id = with_pools()
    none = patch(app, promotion_id, {"update_pools": "none"}).json
    assert (none["update_pools"], none["policy"], none["schedule"]) == ([], None, None)
    every = patch(app, promotion_id, {"update_pools": "all", "schedule": DEADLINE}).json
    assert (set(every["update_pools"]), every["every_pool"]) == ({"hr", "office"}, True)


def test_backup_and_reason() -> None:
    app, promotion_id = planned()
    view = patch(app, promotion_id, {"backup": False, "reason": "later"}).json
    assert (view["backup"], view["reason"]) == (False, "later")
    assert patch(app, promotion_id, {"backup": None}).json["backup"] is None


@pytest.mark.parametrize("body", [{"reason": "mine now"}, {"at": "2026-11-05T20:00"}, {"backup": False}])
def test_who_changes_it_is_not_its_second_person(body: dict[str, Any]) -> None:
    app, promotion_id = planned()
    before = row(app, promotion_id)
    assert patch(app, promotion_id, body, **{"x-dev-name": "bob"}).status == 200
    after = row(app, promotion_id)
    assert after.requester == before.requester
    assert [one.endswith("bob") for one in after.second.changed_by_ids] == [True]


def test_what_is_so_already_writes_nothing() -> None:
    app, promotion_id = with_pools()
    before = row(app, promotion_id)
    assert patch(app, promotion_id, {"policy": {"retries": 2}, "time_zone": "UTC"}).status == 200
    assert row(app, promotion_id) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"image": "other"}, {"image"}),
        ({"version": "9.9.9"}, {"version"}),
        ({"update_pools": ["office", "attic"]}, {"update_pools"}),
        ({"policy": {"retries": 9}}, {"policy.retries"}),
        ({"at": "2020-01-01T00:00"}, {"at"}),
        ({"at": "2026-11-20T08:00", "days_after_staging": 3}, {"days_after_staging"}),
        ({"soak_minutes": -1, "force": "yes?"}, {"soak_minutes", "force"}),
        ({"schedule": None}, {"schedule"}),
    ],
)
def test_bad_fields_are_named_and_nothing_changes(body: dict[str, Any], fields: set[str]) -> None:
    app, promotion_id = with_pools()
    before = row(app, promotion_id)
    reply = patch(app, promotion_id, body)
    assert (reply.status, reply.bad_fields) == (400, fields), reply.text
    assert row(app, promotion_id) == before


@pytest.mark.parametrize("state", [S.PROMOTING, S.PROMOTED, S.CANCELLED, S.FAILED])
def test_too_late(state: S) -> None:
    app, promotion_id = planned()
    app.tables.promotions.replace(row(app, promotion_id).model_copy(update={"state": state}))
    assert patch(app, promotion_id, {"reason": "x"}).status == 409


def test_force_is_not_taken_away_from_a_version_that_failed() -> None:
    app, promotion_id = with_pools(force=True)
    stored = row(app, promotion_id)
    verdict = Verdict(result="failed", by="ann", at=app.now)
    staged = version_row(stored.version, "staged", verdict=verdict, staged_at=app.now)
    record_family(
        app.tables.versions, version_set(others=[staged], promotion=promotion_id).changed(staged=stored.version)
    )
    assert patch(app, promotion_id, {"force": False}).status == 409
    assert row(app, promotion_id).activation.force is True


def test_settings_read_back_are_those_that_were_asked_for() -> None:
    app, promotion_id = with_pools()
    found = app.tables.promotions.find(PROMOTIONS, promotion_id)
    assert found and found.image == IMAGE
    settings = settings_of(found)
    assert (settings.update_pools, settings.soak_minutes, settings.policy.retries) == (["office"], 60, 2)
