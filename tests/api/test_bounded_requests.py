"""No answer costs more than its request, and only well-formed text and numbers get in."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from shared.core.errors import InvalidRequest
from shared.core.time_zones import UnknownZone, zone_named
from tests.fixtures.app import NOW, App, Reply, office, update
from tests.fixtures.world.azure import DEFINITION_ID
from triggers.http.body import MOST_BYTES, MOST_MEMBERS, MOST_NESTING

URL = "/api/pools/office/update-image"
GOOD = {"version": "2.0.0", "schedule": NOW}
TYPE = "application/json"


def put_image(app: App, **body: Any) -> Reply:
    return app.send("PUT", "/api/images/other", {"definition_id": DEFINITION_ID} | body)


def nested(depth: int) -> Any:
    return {"a": nested(depth - 1)} if depth else 1


def test_as_many_unknown_names_as_fit_are_refused_at_once() -> None:
    raw = json.dumps({f"n{number}": 1 for number in range(20_500)}).encode()
    assert 250_000 < len(raw) < MOST_BYTES
    began = time.process_time()
    reply = office().send("POST", URL, raw=raw)
    assert time.process_time() - began < 2
    assert reply.status == 400
    assert len(reply.text) < 1_000


def test_unknown_names_in_a_list_are_reported_up_to_a_hundred() -> None:
    window = {f"n{number}": 1 for number in range(MOST_MEMBERS)}
    began = time.process_time()
    reply = update(office(), {"policy": {"windows": [window] * 20}})
    assert time.process_time() - began < 2
    assert len(reply.json["errors"]) == 101
    assert reply.json["errors"][-1]["message"] == "3940 more fields are wrong; correct these first"


@pytest.mark.parametrize("path", ["/api/health", "/api/rollouts"])
def test_unknown_parameters_are_reported_in_linear_time(path: str) -> None:
    query = "&".join(f"p{number}=1" for number in range(20_000))
    began = time.process_time()
    reply = office().send("GET", f"{path}?{query}")
    assert time.process_time() - began < 3
    assert (reply.status, reply.bad_fields) == (400, {"query"})


def test_a_name_is_repeated_in_short() -> None:
    reply = office().send("POST", URL, GOOD | {"x" * 200_000: 1})
    assert (reply.status, len(reply.text) < 2_000) == (400, True)


def test_bodies_have_a_limit_of_members_and_nesting() -> None:
    app = office()
    assert app.send("POST", URL, GOOD | {f"n{number}": 1 for number in range(MOST_MEMBERS)}).json["type"] == (
        "urn:freshcoat:malformed-body"
    )
    assert "nested" in app.send("POST", "/api/events/logoff", nested(MOST_NESTING + 1)).json["detail"]
    assert app.send("POST", "/api/events/logoff", nested(MOST_NESTING)).status == 202


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_a_body_needs_its_content_type(kind: str) -> None:
    app = office()
    reply = app.send("POST", URL, GOOD, headers={"Content-Type": kind})
    assert (reply.status, reply.json["type"]) == (415, "urn:freshcoat:not-json")
    assert not app.engine.rollouts
    assert app.send("POST", "/api/events/logoff", {}, headers={"Content-Type": kind}).status == 415


@pytest.mark.parametrize("kind", [TYPE, "Application/JSON; charset=utf-8"])
def test_json_is_accepted_with_parameters(kind: str) -> None:
    assert office().send("POST", URL, GOOD, headers={"Content-Type": kind}).status == 202


def test_no_body_needs_no_content_type() -> None:
    app = office()
    rollout = update(app).json["id"]
    assert app.send("POST", f"/api/rollouts/{rollout}/pause", headers={"Content-Type": ""}).status == 202


@pytest.mark.parametrize(
    "raw",
    [
        b'{"version": "2.0.0", "version": "1.0.0", "schedule": {"mode": "now"}}',
        b'{"version": "2.0.0", "schedule": {"mode": "now", "mode": "at"}}',
        json.dumps(GOOD).encode("utf-16"),
        b'{"reason": "\xff", "version": "2.0.0", "schedule": {"mode": "now"}}',
        b'{"reason": "\xed\xa0\x80", "version": "2.0.0", "schedule": {"mode": "now"}}',
        b'{"reason": "\\ud800", "version": "2.0.0", "schedule": {"mode": "now"}}',
        b'\xef\xbb\xbf{"version": "2.0.0", "schedule": {"mode": "now"}}',
    ],
)
def test_repeated_names_and_text_that_is_not_utf_8_are_refused(raw: bytes) -> None:
    app = office()
    assert app.send("POST", URL, raw=raw).status == 400
    assert not app.engine.rollouts


LINES = ["a\nb", "a\x00b", "a\u202eb", "a\u2066b", "a\u2028b", "a\x7fb", "\u200fa"]


@pytest.mark.parametrize("text", LINES)
def test_text_is_one_line(text: str) -> None:
    app = office()
    assert update(app, {"reason": text}).bad_fields == {"reason"}
    assert update(app, {"policy": {"warn_message": text}}).bad_fields == {"policy.warn_message"}
    assert app.send("PUT", "/api/accounts/a", {"title": text}).bad_fields == {"title"}
    assert app.send("POST", "/api/images/win11/stage", {"version": "3.0.0", "notes": text}).bad_fields == {"notes"}
    ad = {"domain": text, "user": text, "ou": text, "password_setting": "JOIN_PASSWORD"}
    reply = app.send("PUT", "/api/access/join-profiles/default/corp", ad)
    assert reply.bad_fields == {"domain", "user", "ou"}


@pytest.mark.parametrize("text", LINES)
def test_names_are_repeated_in_one_line(text: str) -> None:
    reply = update(office(), {f"x{text}": 1})
    assert all(shown.isprintable() for error in reply.json["errors"] for shown in error.values())
    assert reply.json["detail"].isprintable()


def test_text_in_any_script_is_accepted() -> None:
    assert update(office(), {"reason": "Änderung 更新 تحديث"}).status == 202


@pytest.mark.parametrize("version", ["٢.0.0", "2.0.00", "02.0.0", "２.0.0", "2.0.0\n"])
def test_versions_are_ascii_digits_without_leading_zeros(version: str) -> None:
    assert update(office(), {"version": version}).bad_fields == {"version"}


def test_a_version_in_a_path_has_no_leading_zeros() -> None:
    assert office().send("DELETE", "/api/images/win11/versions/02.0.0").bad_fields == {"version"}


@pytest.mark.parametrize("limit", ["+5", "05", "5.0", " 5", "1_0", "٥"])
def test_numbers_in_a_query_are_ascii_digits(limit: str) -> None:
    assert office().send("GET", f"/api/rollouts?limit={limit.replace('+', '%2B')}").bad_fields == {"limit"}


@pytest.mark.parametrize("number", [True, "+1", "01", " 1", "1.0", 1.5])
def test_numbers_in_a_body_are_numbers(number: object) -> None:
    assert update(office(), {"policy": {"retries": number}}).bad_fields == {"policy.retries"}


@pytest.mark.parametrize("share", ["010%", "٢%", "10%\n", 10**6])
def test_shares_have_bounds(share: object) -> None:
    fields = {"policy.max_unavailable", "policy.min_available"}
    assert update(office(), {"policy": {"max_unavailable": share, "min_available": share}}).bad_fields == fields


@pytest.mark.parametrize("time_of_day", ["٠٨:00", "08:00\n", "8:00"])
def test_times_of_day_are_ascii_digits(time_of_day: str) -> None:
    windows = [{"from": time_of_day, "to": "06:00"}]
    assert update(office(), {"policy": {"windows": windows}}).bad_fields == {"policy.windows.0.from"}


def test_a_moment_is_ascii_digits() -> None:
    schedule = {"mode": "at", "at": "2026-11-٠٣T01:00"}
    assert update(office(), {"schedule": schedule}).bad_fields == {"schedule.at"}


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posixrules", "Pacific/\u212awajalein"])
def test_zones_without_a_place_are_refused(zone: str) -> None:
    with pytest.raises(UnknownZone):
        zone_named(zone)
    assert office().send("PUT", "/api/accounts/a", {"time_zone": zone}).bad_fields == {"time_zone"}


def test_a_problem_counts_its_fields() -> None:
    assert len(InvalidRequest.one("a", "b").problems) == 1
