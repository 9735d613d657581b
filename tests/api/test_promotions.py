"""Scheduled promotions over HTTP: asked for, listed, read, moved, cancelled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.core.errors import AzureBusy
from shared.core.states import PromotionState, VersionState
from shared.core.wording import PROMOTION_WORDS
from shared.services import PROMOTIONS
from tests.fixtures.app import App, Reply
from tests.fixtures.audit import changes
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, add_pool
from tests.fixtures.scenarios.promotions import (
    active,
    ask,
    cancel,
    discard,
    held_for,
    plan,
    planned,
    record_staged,
    row,
    run,
    text,
    with_staged,
)
from tests.fixtures.version_sets import record_family, version_set

S = PromotionState
ANN = {"x-dev-name": "ann"}
DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-04T18:00:00Z"}


def get(app: App, query: str = "") -> Any:
    reply = app.send("GET", f"/api/promotions{query}")
    assert reply.status == 200, reply.text
    return reply.json


def move(app: App, promotion_id: str, **asked: Any) -> Reply:
    return app.send("POST", f"/api/promotions/{promotion_id}/reschedule", asked)


class TestSchedule:
    """POST /api/promotions."""

    def test_a_promotion_is_answered_as_it_is_stored(self) -> None:
        env = with_staged()
        add_pool(env, "office")
        body: dict[str, Any] = {
            "at": "2026-11-03T20:00",
            "time_zone": "Europe/Berlin",
            "backup": False,
            "force": True,
            "update_pools": "all",
            "schedule": DEADLINE,
            "soak_minutes": 30,
            "reason": "patches",
        }
        reply = ask(env.app, **body)
        view = reply.json
        assert (reply.status, reply.headers["Location"]) == (201, f"/api/promotions/{view['id']}")
        assert get(env.app, f"/{view['id']}") == view
        expected = {
            "image": IMAGE,
            "version": NEW,
            "due_at": "2026-11-03T19:00:00Z",
            "due_local": "2026-11-03T20:00:00+01:00",
            "time_zone": "Europe/Berlin",
            "days_after_staging": None,
            "backup": False,
            "force": True,
            "update_pools": ["office"],
            "soak_minutes": 30,
            "state": "scheduled",
            "task": "",
            "reason": "patches",
            "requested_by": "developer",
            "ended_at": None,
            "note": None,
        }
        assert view | expected == view
        assert view["schedule"]["begin_at"] == view["due_at"]
        assert view["schedule"]["force_at"] == "2026-11-04T18:00:00Z"
        assert held_for(env.app) == view["id"]

    def test_a_promotion_may_be_due_days_after_staging(self) -> None:
        app = with_staged().app
        view = ask(app, days_after_staging=10, time_zone="Europe/Berlin").json
        assert (view["due_at"], view["days_after_staging"]) == ("2026-11-09T09:00:00Z", 10)

    def test_a_promotion_keeps_its_author_and_is_audited(self) -> None:
        app = with_staged().app
        body = {"image": IMAGE, "at": "2026-11-03T20:00"}
        promotion_id = app.send("POST", "/api/promotions", body, headers=ANN).json["id"]
        app.later(seconds=1)
        later = {"at": "2026-11-05T20:00"}
        app.send("POST", f"/api/promotions/{promotion_id}/reschedule", later, headers=ANN)
        app.later(seconds=1)
        app.send("DELETE", f"/api/promotions/{promotion_id}", headers=ANN)
        first, second = "2026-11-03T20:00:00+00:00", "2026-11-05T20:00:00+00:00"
        assert text(app) == [
            ("schedule promotion", "", first),
            ("move promotion", first, second),
            ("cancel promotion", second, ""),
        ]
        entries = changes(app.tables, "2026-11")
        assert {(entry.who, entry.subject) for entry in entries} == {("ann", IMAGE)}
        assert all(promotion_id in entry.detail for entry in entries)

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"image": "other"}, {"image"}),
            ({"image": "other", "at": None}, {"image", "at"}),
            ({"at": None}, {"at"}),
            ({"at": "2026-11-01T00:00"}, {"at"}),
            ({"at": "2027-03-28T02:30", "time_zone": "Europe/Berlin"}, {"at"}),
            ({"at": "2026-11-05T00:00", "days_after_staging": 9}, {"days_after_staging"}),
            ({"at": None, "days_after_staging": 2}, {"days_after_staging"}),
            ({"time_zone": "Mars"}, {"time_zone"}),
            ({"update_pools": ["none"]}, {"update_pools", "schedule"}),
            ({"at": "soon", "update_pools": ["no"], "schedule": {"mode": "now"}}, {"at", "update_pools"}),
            ({"update_pools": "all", "schedule": {"mode": "at", "at": "2026-11-03T08:59:59Z"}}, {"schedule.at"}),
            ({"image": "other", "force": 5, "at": "soon"}, {"force"}),  # does not parse: its form only
            ({"image": "other", "at": "soon", "update_pools": ["no"]}, {"image", "at", "update_pools", "schedule"}),
            (
                {"image": "other", "update_pools": "all", "schedule": {"mode": "on_logoff"}},
                {"image", "schedule.deadline"},
            ),
            ({"image": 5, "at": 5}, {"image", "at"}),
            ({"days_after_staging": 731, "at": None}, {"days_after_staging"}),
            ({"when": "later"}, {"when"}),
            ({"at": "2026-11-01T00:00", "time_zone": 5}, {"time_zone"}),
        ],
    )
    def test_every_invalid_field_of_a_schedule_is_named(self, body: dict[str, Any], fields: set[str]) -> None:
        app = with_staged().app
        reply = ask(app, **body)
        assert (reply.status, reply.bad_fields) == (400, fields)
        assert app.tables.promotions.all(PROMOTIONS) == []

    def test_both_candidates_of_an_ambiguous_time_are_named(self) -> None:
        reply = ask(with_staged().app, at="2027-10-31T02:30", time_zone="Europe/Berlin")
        assert "2027-10-31T02:30:00+02:00 or 2027-10-31T02:30:00+01:00" in reply.json["detail"]

    def test_times_of_pools_are_computed_from_the_time_of_the_promotion(self) -> None:
        env = with_staged()
        add_pool(env, "office")
        reply = ask(env.app, update_pools="all", schedule={"mode": "at", "at": "2026-11-03T08:00:00Z"})
        assert "before the activation at 2026-11-03T09:00:00+00:00" in reply.json["detail"]

    def test_a_promotion_without_a_staged_version_is_refused(self) -> None:
        app = with_staged().app
        record_family(app.tables.versions, version_set(OLD, backups=()))
        for body in ({}, {"days_after_staging": 9}):
            reply = ask(app, **body)
            assert reply.status == 409
            assert "No version of this image is staged" in reply.json["detail"]
        assert "is active" in ask(app, version=OLD).json["detail"]
        assert "not staged" in ask(app, version="9.0.0", days_after_staging=9).json["detail"]
        assert app.tables.promotions.all(PROMOTIONS) == []

    def test_a_version_that_failed_its_test_is_refused(self) -> None:
        app = with_staged().app
        verdict = {"result": "failed", "by": "ann", "at": app.now}
        record_staged(app, verdict=verdict)
        reply = ask(app)
        assert (reply.status, "force" in reply.json["detail"]) == (409, True)
        assert ask(app, force=True).status == 201

    def test_a_version_without_a_staging_date_is_refused(self) -> None:
        app = with_staged().app
        record_family(app.tables.versions, version_set(OLD, backups=(), staged=NEW))
        assert ask(app, days_after_staging=9).bad_fields == {"days_after_staging"}
        assert ask(app).status == 201

    def test_a_second_promotion_is_refused_with_the_id_of_the_first(self) -> None:
        app, first = planned()
        reply = ask(app, hours=48)
        assert (reply.status, reply.json["promotion"]) == (409, first)
        assert first in reply.json["detail"]
        assert len(app.tables.promotions.all(PROMOTIONS)) == 1
        cancel(app, first)
        assert ask(app, hours=48).status == 201

    def test_unreachable_tables_schedule_nothing(self) -> None:
        app = with_staged().app
        busy = AzureBusy("table ImageVersions", 503, "Busy", "later")
        app.tables.versions.failures["write_many"] = [busy]
        assert ask(app).status == 503
        app.later(hours=25)
        assert run(app) == []
        assert (active(app), held_for(app)) == (OLD, "")
        [promotion] = app.tables.promotions.all(PROMOTIONS)
        assert promotion.state is S.CANCELLED

    @pytest.mark.parametrize(("table", "method"), [("versions", "write_many"), ("promotions", "replace")])
    def test_a_lost_response_of_the_tables_does_no_harm(self, table: str, method: str) -> None:
        app = with_staged().app
        getattr(app.tables, table).lost_answers[method] = [AzureBusy("table", 503, "Busy", "later")]
        promotion_id = plan(app)
        app.later(hours=25)
        assert run(app) == [promotion_id]


class TestRead:
    """GET /api/promotions."""

    def two(self) -> tuple[App, str, str]:
        app, first = planned()
        cancel(app, first)
        app.later(seconds=1)
        return app, first, plan(app)

    def test_promotions_are_listed_newest_first(self) -> None:
        app, first, second = self.two()
        assert [item["id"] for item in get(app)["items"]] == [second, first]

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("?state=scheduled", [1]),
            ("?state=cancelled", [0]),
            ("?state=promoted", []),
            (f"?image={IMAGE}", [1, 0]),
            (f"?image={IMAGE}&state=cancelled", [0]),
        ],
    )
    def test_promotions_are_filtered_by_image_and_state(self, query: str, wanted: list[int]) -> None:
        app, *ids = self.two()
        assert [item["id"] for item in get(app, query)["items"]] == [ids[number] for number in wanted]

    def test_promotions_are_listed_in_pages(self) -> None:
        app, first, second = self.two()
        page = get(app, "?limit=1")
        rest = get(app, f"?limit=1&continuation={page['continuation']}")
        assert [page["items"][0]["id"], rest["items"][0]["id"], rest["continuation"]] == [second, first, None]

    @pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("state=odd", "state"), ("pool=x", "pool")])
    def test_invalid_queries_are_refused_with_the_parameter(self, query: str, field: str) -> None:
        assert with_staged().app.send("GET", f"/api/promotions?{query}").bad_fields == {field}

    @pytest.mark.parametrize(("method", "more"), [("GET", ""), ("DELETE", ""), ("POST", "/reschedule")])
    def test_an_unknown_promotion_is_404(self, method: str, more: str) -> None:
        app = with_staged().app
        body = {"at": "2027-01-01T00:00"} if method == "POST" else None
        assert app.send(method, f"/api/promotions/1-a{more}", body).status == 404
        assert app.send(method, f"/api/promotions/A.B{more}", body).bad_fields == {"promotion"}


class TestMove:
    """POST /api/promotions/{promotion}/reschedule."""

    def test_a_promotion_moves_to_a_time_in_its_own_zone_unless_one_is_given(self) -> None:
        app, promotion_id = planned(time_zone="Europe/Berlin")
        view = move(app, promotion_id, at="2026-12-01T20:00").json
        assert (view["due_at"], view["time_zone"]) == ("2026-12-01T19:00:00Z", "Europe/Berlin")
        view = move(app, promotion_id, at="2026-12-01T20:00", time_zone="Asia/Tokyo").json
        assert (view["due_at"], view["due_local"]) == ("2026-12-01T11:00:00Z", "2026-12-01T20:00:00+09:00")

    def test_a_promotion_moves_between_a_time_and_days_after_staging(self) -> None:
        app, promotion_id = planned()
        view = move(app, promotion_id, days_after_staging=7).json
        assert (view["due_at"], view["days_after_staging"]) == ("2026-11-06T09:00:00Z", 7)
        assert move(app, promotion_id, at="2026-12-01T20:00").json["days_after_staging"] is None

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({}, {"at"}),
            ({"at": "2026-11-01T00:00"}, {"at"}),
            ({"days_after_staging": 1}, {"days_after_staging"}),
            ({"at": "2026-12-01T00:00", "time_zone": "Mars"}, {"time_zone"}),
            ({"at": 5, "image": IMAGE}, {"at", "image"}),
            ({"at": "2027-03-28T02:30", "days_after_staging": 9, "time_zone": None}, {"at", "days_after_staging"}),
            ({"at": "2026-12-01T00:00", "force": True}, {"force"}),
        ],
    )
    def test_every_invalid_field_of_a_move_is_named(self, body: dict[str, Any], fields: set[str]) -> None:
        app, promotion_id = planned(time_zone="Europe/Berlin")
        before = row(app, promotion_id)
        reply = move(app, promotion_id, **body)
        assert (reply.status, reply.bad_fields) == (400, fields)
        assert row(app, promotion_id) == before

    @pytest.mark.parametrize(
        ("schedule", "to", "begin", "force"),
        [
            # What begins with the promotion goes on doing so; a deadline is kept while it is still ahead.
            (DEADLINE, "2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z", "2026-11-04T18:00:00Z"),
            (DEADLINE, "2026-11-04T00:00:00Z", "2026-11-04T00:00:00Z", "2026-11-04T18:00:00Z"),
            (DEADLINE, "2026-11-20T09:00:00Z", "2026-11-20T09:00:00Z", "2026-11-21T18:00:00Z"),
            ({"mode": "now"}, "2026-11-02T12:00:00Z", "2026-11-02T12:00:00Z", "2026-11-02T12:00:00Z"),
            ({"mode": "now"}, "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"),
            # A date stays as it was given, or becomes the same time of day when it would come too early.
            ({"mode": "at", "at": "2026-11-03T22:00:00Z"}, "2026-11-02T12:00:00Z", *["2026-11-03T22:00:00Z"] * 2),
            ({"mode": "at", "at": "2026-11-03T22:00:00Z"}, "2026-11-20T12:00:00Z", *["2026-11-20T22:00:00Z"] * 2),
            ({"mode": "at", "at": "2026-11-03T09:00:00Z"}, "2026-11-03T03:00:00Z", *["2026-11-03T09:00:00Z"] * 2),
        ],
    )
    def test_the_times_of_its_pools_move_with_a_promotion(
        self, schedule: dict[str, str], to: str, begin: str, force: str
    ) -> None:
        env = with_staged()
        add_pool(env, "office")
        promotion_id = plan(env.app, update_pools="all", schedule=schedule)
        found = move(env.app, promotion_id, at=to).json["schedule"]
        assert (found["begin_at"], found["force_at"]) == (begin, force)

    def test_a_promotion_whose_version_is_no_longer_staged_cannot_move(self) -> None:
        app, promotion_id = planned()
        before = row(app, promotion_id)
        discard(app)
        app.tables.promotions.replace(before.model_copy(update={"etag": row(app, promotion_id).etag}))
        reply = move(app, promotion_id, at="2026-12-01T20:00")
        assert (reply.status, "no longer valid" in reply.json["detail"]) == (409, True)


class TestCancel:
    """DELETE /api/promotions/{promotion}."""

    def test_a_cancelled_promotion_leaves_the_version_staged_and_releases_the_image(self) -> None:
        app, promotion_id = planned()
        reply = cancel(app, promotion_id)
        assert (reply.status, reply.json["state"]) == (200, "cancelled")
        assert reply.json["note"]["text"] == "Cancelled by developer."
        assert datetime.fromisoformat(reply.json["ended_at"]) == app.now
        assert held_for(app) == ""
        versions = app.send("GET", f"/api/images/{IMAGE}/versions").json["items"]
        assert {v["version"]: v["state"] for v in versions}[NEW] == VersionState.STAGED
        app.later(hours=25)
        assert run(app) == []

    def test_a_repeated_cancellation_changes_nothing(self) -> None:
        app, promotion_id = planned()
        first = cancel(app, promotion_id)
        app.later(hours=1)
        again = plan(app)
        assert cancel(app, promotion_id).json == first.json
        assert held_for(app) == again

    def test_a_due_promotion_that_has_not_started_can_be_cancelled(self) -> None:
        app, promotion_id = planned()
        app.later(days=3)
        assert cancel(app, promotion_id).status == 200
        assert run(app) == []

    def test_the_timer_releases_an_image_that_could_not_be_released(self) -> None:
        app, promotion_id = planned()
        busy = AzureBusy("table ImageVersions", 503, "Busy", "later")
        app.tables.versions.failures["write_many"] = [busy]
        reply = cancel(app, promotion_id)
        assert (reply.status, reply.json["state"], held_for(app)) == (200, "cancelled", promotion_id)
        run(app)
        assert (held_for(app), row(app, promotion_id).ended_at) == ("", app.now)

    def test_a_second_cancellation_releases_the_image_too(self) -> None:
        app, promotion_id = planned()
        app.tables.versions.failures["write_many"] = [AzureBusy("table ImageVersions", 503, "Busy", "later")]
        assert [cancel(app, promotion_id).status for _ in range(2)] == [200, 200]
        assert (held_for(app), row(app, promotion_id).ended_at) == ("", app.now)

    def test_the_next_promotion_takes_over_an_unreleased_image(self) -> None:
        app, first = planned()
        app.tables.versions.failures["write_many"] = [AzureBusy("table ImageVersions", 503, "Busy", "later")]
        assert (cancel(app, first).status, held_for(app)) == (200, first)
        second = plan(app)
        assert (run(app), held_for(app)) == ([], second)
        app.later(hours=25)
        assert run(app) == [second]


@pytest.mark.parametrize("state", [S.PROMOTING, S.PROMOTED, S.FAILED, S.CANCELLED])
def test_a_started_or_ended_promotion_cannot_change(state: PromotionState) -> None:
    app, promotion_id = planned()
    ended = app.now if state.ended else None
    changed = {"state": state, "task": "1-task", "ended_at": ended}
    app.tables.promotions.replace(row(app, promotion_id).model_copy(update=changed))
    before = row(app, promotion_id)
    replies = [move(app, promotion_id, at="2026-12-01T20:00")]
    if state is not S.CANCELLED:
        replies.append(cancel(app, promotion_id))
    for reply in replies:
        assert (reply.status, reply.json["promotion"], reply.json["task"]) == (409, promotion_id, "1-task")
        assert f"{PROMOTION_WORDS[state]}. It is too late" in reply.json["detail"]
    assert row(app, promotion_id) == before


def test_times_are_kept_in_utc() -> None:
    app, promotion_id = planned(at="2026-11-03T20:00+05:30")
    assert row(app, promotion_id).due_at == datetime(2026, 11, 3, 14, 30, tzinfo=UTC)
