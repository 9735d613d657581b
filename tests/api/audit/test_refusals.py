"""Refused writes are counted: who, where, how often; and a flood of them fills no table."""

from __future__ import annotations

from shared.caches.refusal_counter import MOST_COUNTS
from shared.core.errors import AzureBusy
from tests.fixtures.app import App, AppWithCaches

READER = {"x-dev-role": "reader"}
PAUSE = "/api/rollouts/8206389999999-0980/pause"


def refused(app: App, **headers: str) -> int:
    return app.send("PUT", "/api/accounts/contoso", {"title": "x"}, headers=READER | headers).status


def test_a_flood_of_one_caller_is_one_row() -> None:
    app = AppWithCaches()
    for _ in range(500):
        assert refused(app) == 403
    app.later(seconds=11)
    refused(app)
    (row,) = app.tables.refusals.every()
    assert (row.who, row.route, row.status, row.count) == ("developer", "PUT accounts/{account}", 403, 501)
    assert app.tables.refusals.writes == 2


def test_callers_hours_and_statuses_are_counted_apart() -> None:
    app = AppWithCaches()
    refused(app)
    refused(app, **{"x-dev-name": "bob"})
    app.send("POST", PAUSE, {})
    app.later(hours=1)
    refused(app)
    found = sorted((row.hour.hour, row.who, row.status, row.count) for row in app.tables.refusals.every())
    assert found == [(9, "bob", 403, 1), (9, "developer", 403, 1), (9, "developer", 404, 1), (10, "developer", 403, 1)]


def test_a_flood_of_many_unknown_callers_is_bounded() -> None:
    app = AppWithCaches(settings=App().settings.model_copy(update={"dev_identity": ""}))
    for number in range(MOST_COUNTS + 200):
        refused(app, **{"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"})
    app.later(seconds=11)
    refused(app, **{"X-Forwarded-For": "10.9.9.9"})
    rows = app.tables.refusals.every()
    assert len(rows) == MOST_COUNTS + 1
    assert [row.count for row in rows if row.caller == "others"] == [201]


def test_refused_reads_and_allowed_writes_are_not_counted() -> None:
    app = AppWithCaches()
    app.send("GET", "/api/audit", headers=READER)
    app.send("PUT", "/api/accounts/contoso", {"title": "x"})
    app.send("PUT", "/api/accounts/contoso", {"title": 1})
    assert app.tables.refusals.every() == []


def test_a_refusal_that_cannot_be_counted_is_answered_all_the_same() -> None:
    app = AppWithCaches()
    app.tables.refusals.failures["add"] = [AzureBusy("table Refusals", 503, "ServerBusy", "later")]
    assert refused(app) == 403


def test_they_are_read_by_who_has_all_accounts() -> None:
    app = AppWithCaches()
    refused(app)
    assert [row["count"] for row in app.send("GET", "/api/audit/refusals").json["items"]] == [1]
    some = {"x-dev-role": "admin", "x-dev-accounts": "contoso"}
    assert app.send("GET", "/api/audit/refusals", headers=some).json["items"] == []
