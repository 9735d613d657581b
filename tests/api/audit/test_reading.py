"""Reading the record: filters, pages, CSV, and whose entries a caller sees."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from shared.audit.record import audit
from shared.core.asking import About
from shared.records.tidying.lapsed import tidy_records
from tests.fixtures.app import App, AppWithCaches, Reply

SOME = {"x-dev-role": "admin", "x-dev-accounts": "contoso"}


def record() -> App:
    """Six entries, each a day after the other, over the end of a month."""
    app = AppWithCaches()
    app.later(days=26)
    for number, (who, accounts, pool) in enumerate(
        [
            ("ann", ("contoso",), "office"),
            ("bob", ("fabrikam",), "lab"),
            ("ann", ("contoso", "fabrikam"), ""),
            ("ann", ("*",), ""),
            ("bob", (), ""),
            ("bob", ("contoso",), "office"),
        ]
    ):
        about = About(accounts, pool, "win11", f"r-{number}")
        audit(app.services, who, "pause" if number % 2 else "resume", f"s{number}", "=1+1", about=about)
        app.later(days=1)
    return app


def subjects(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [entry["subject"] for entry in reply.json["items"]]


def test_it_is_read_newest_first_over_months() -> None:
    assert subjects(record().send("GET", "/api/audit")) == ["s5", "s4", "s3", "s2", "s1", "s0"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("who=ann", ["s3", "s2", "s0"]),
        ("action=pause", ["s5", "s3", "s1"]),
        ("subject=s2", ["s2"]),
        ("pool=office", ["s5", "s0"]),
        ("account=fabrikam", ["s2", "s1"]),
        ("image=win11&who=bob&action=resume", ["s4"]),
        ("rollout=r-3", ["s3"]),
        ("kind=intent", []),
        ("from=2026-12-01T09:00:00Z", ["s5", "s4", "s3"]),
        ("to=2026-12-01T09:00:00Z", ["s2", "s1", "s0"]),
        ("from=2026-11-29T00:00:00Z&to=2026-12-01T00:00:00%2B00:00", ["s2", "s1"]),
        ("from=2027-01-01T00:00:00Z", []),
    ],
)
def test_filters(query: str, expected: list[str]) -> None:
    assert subjects(record().send("GET", f"/api/audit?{query}")) == expected


@pytest.mark.parametrize("limit", [1, 2, 4, 6])
def test_pages_meet_without_gaps(limit: int) -> None:
    app, found, token = record(), [], ""
    while True:
        reply = app.send("GET", f"/api/audit?limit={limit}{token}")
        found += subjects(reply)
        if reply.json["continuation"] is None:
            break
        token = f"&continuation={reply.json['continuation']}"
    assert found == ["s5", "s4", "s3", "s2", "s1", "s0"]


def test_only_entries_of_accounts_that_the_caller_has_all_of_are_seen() -> None:
    app = record()
    assert subjects(app.send("GET", "/api/audit", headers=SOME)) == ["s5", "s0"]
    assert app.send("GET", "/api/audit", headers={"x-dev-role": "operator"}).status == 403


@pytest.mark.parametrize("how", [("?format=csv", {}), ("", {"Accept": "text/csv"})])
def test_it_is_read_as_csv(how: tuple[str, dict[str, str]]) -> None:
    query, headers = how
    reply = record().send("GET", f"/api/audit{query}", headers=headers)
    assert reply.headers["Content-Type"] == "text/csv"
    lines = list(csv.DictReader(io.StringIO(reply.text)))
    assert [line["subject"] for line in lines] == ["s5", "s4", "s3", "s2", "s1", "s0"]
    assert (lines[3]["accounts"], lines[3]["detail"]) == ("contoso fabrikam", "'=1+1")


def test_a_page_of_csv_says_where_the_next_begins() -> None:
    app = record()
    first = app.send("GET", "/api/audit?format=csv&limit=4")
    rest = app.send("GET", f"/api/audit?continuation={first.headers['X-Continuation']}")
    assert subjects(rest) == ["s1", "s0"]


@pytest.mark.parametrize("token", ["x", "MjAyNi0xMQ", "__________", "MjAyNi0xMS8_"])
def test_a_token_of_another_list_is_refused(token: str) -> None:
    assert record().send("GET", f"/api/audit?continuation={token}").bad_fields == {"continuation"}


def test_the_record_is_verified() -> None:
    app = record()
    found = app.send("GET", "/api/audit/verify").json
    assert (found["whole"], found["complete"], found["entries"], found["first"]) == (True, True, 6, None)
    victim = app.tables.audit.all("2026-11")[1]
    app.tables.audit.replace(victim.model_copy(update={"who": "mallory"}))
    found = app.send("GET", "/api/audit/verify?month=2026-11").json
    assert (found["whole"], found["broken"]) == (False, 1)
    assert (found["first"]["month"], found["first"]["sequence"]) == ("2026-11", victim.sequence)


def test_only_kept_months_are_verified() -> None:
    app = record()
    assert app.send("GET", "/api/audit/verify?month=2020-01").bad_fields == {"month"}
    assert app.send("GET", "/api/audit/verify?month=2020-1").bad_fields == {"month"}


def test_a_tidied_record_is_still_whole() -> None:
    app = record()
    app.settings = app.settings.model_copy(update={"audit_keep_months": 1})
    later = App(app.settings, app.now + timedelta(days=60), tables=app.tables)
    audit(later.services, "ann", "pause", "new")
    tidy_records(later.services)
    assert app.tables.audit.all("2026-11") == []
    found = later.send("GET", "/api/audit/verify").json
    assert (found["whole"], found["months"]) == (True, ["2027-02", "2027-01"])
