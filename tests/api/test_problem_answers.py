"""The edge: whatever is sent, the answer is JSON that says what to do, and nothing leaks."""

from __future__ import annotations

import json
import logging

import pytest

from shared.core.errors import AzureBusy, AzureForbidden
from tests.fixtures.app import NOW, App, office, update
from tests.fixtures.version_sets import record_family, version_set
from triggers.http.body import MOST_BYTES
from triggers.http.contract import ENDPOINTS

URL = "/api/pools/office/update-image"
KEY = {"Idempotency-Key": "k-1"}


@pytest.mark.parametrize(
    "raw",
    [b"{", b"nonsense", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5_000 + b"}", b"[1]", b'"x"'],
)
def test_a_body_that_is_not_a_json_object_is_refused(raw: bytes) -> None:
    reply = office().send("POST", URL, raw=raw)
    assert (reply.status, reply.json["type"]) == (400, "urn:freshcoat:malformed-body")


@pytest.mark.parametrize("raw", [b"[]", b"null", b"5"])
def test_json_that_is_not_an_object_is_not_called_invalid_json(raw: bytes) -> None:
    reply = office().send("POST", URL, raw=raw)
    assert (reply.json["title"], reply.json["detail"]) == (
        "The body must be a JSON object",
        "Send a JSON object, in braces.",
    )


def test_a_body_too_large_is_refused() -> None:
    assert office().send("POST", URL, raw=b" " * (MOST_BYTES + 1)).status == 413


def test_problems_are_rfc_9457_and_name_every_field_at_once() -> None:
    app = office()
    reply = app.send(
        "POST",
        URL + "?what_if=perhaps",
        {
            "version": "2.0",
            "vm_size": "D4",
            "VirtualNetwork": "x",
            "schedule": {"mode": "soon"},
            "policy": {"retries": 9, "nope": 1},
        },
    )
    assert reply.status == 400
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail", "errors"} <= reply.json.keys()
    assert reply.bad_fields == {
        "what_if",
        "version",
        "vm_size",
        "VirtualNetwork",
        "schedule.mode",
        "policy.retries",
        "policy.nope",
    }
    assert app.engine.rollouts == set()


PAST, GAP = "2026-11-01T01:00", "2027-03-28T02:30"
UNPROVED = {"bake_minutes": 5, "canary_hosts": 0}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"schedule": {"mode": "at", "at": GAP}, "image": "other"}, {"schedule.at", "image"}),
        (
            {"schedule": {"mode": "at", "at": GAP, "time_zone": "Mars"}, "image": "other"},
            {"schedule.time_zone", "image"},
        ),
        (
            {"schedule": {"mode": "on_logoff", "begin_at": GAP, "deadline": PAST}},
            {"schedule.begin_at", "schedule.deadline"},
        ),
        ({"schedule": {"mode": "at"}, "image": "other"}, {"schedule.at", "image"}),
        (
            {"schedule": {"mode": "at", "at": PAST}, "image": "other", "policy": UNPROVED},
            {"schedule.at", "image", "policy.canary_hosts"},
        ),
        (
            {"schedule": NOW, "image": "other", "policy": {"windows": [{"from": "22:00", "to": "06:00"}]}},
            {"schedule.mode", "image"},
        ),
    ],
)
def test_a_parsable_body_is_answered_with_all_its_semantic_errors(body: dict[str, object], fields: set[str]) -> None:
    reply = update(office(), body)
    assert (reply.status, reply.bad_fields) == (400, fields)
    assert len(reply.json["errors"]) == len(fields)


def test_an_unparsable_body_is_answered_with_field_errors_only() -> None:
    body = {"version": "2.0", "image": "other", "schedule": {"mode": "at", "at": PAST}, "policy": {"retries": 9}}
    assert update(office(), body).bad_fields == {"version", "policy.retries"}


@pytest.mark.parametrize(
    "name", ["vm_size", "network", "virtual_network", "subnet", "vm_instance", "vmSize", "VM Size"]
)
def test_changing_network_or_size_is_refused_with_the_reason(name: str) -> None:
    errors = update(office(), {name: "x"}).json["errors"]
    assert [error["field"] for error in errors] == [name]
    assert "kept from the pool" in errors[0]["message"]


def test_a_path_without_a_valid_name_is_refused_with_its_name() -> None:
    reply = office().send("GET", "/api/pools/-x;y")
    assert (reply.status, reply.bad_fields) == (400, {"pool"})
    assert office().send("GET", "/api/rollouts/A%20B").bad_fields == {"rollout"}


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("state=odd", "state"), ("pool=-", "pool")],
)
def test_invalid_queries_are_refused_with_the_parameter(query: str, field: str) -> None:
    assert office().send("GET", f"/api/rollouts?{query}").bad_fields == {field}


def test_a_foreign_continuation_is_refused() -> None:
    for path in ("/api/rollouts", "/api/pools", "/api/pools/office/hosts"):
        assert office().send("GET", f"{path}?continuation=%21%21").bad_fields == {"continuation"}


def test_an_unexpected_error_shows_an_id_of_the_log_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    app = office()
    app.tables.pools.failures["find"] = [RuntimeError("a secret detail")]
    with caplog.at_level(logging.ERROR):
        reply = app.send("GET", "/api/pools/office")
    assert reply.status == 500
    assert reply.json["id"] in caplog.text
    assert "a secret detail" in caplog.text
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text


def test_throttling_by_azure_is_passed_on_with_retry_after() -> None:
    app = office()
    app.world.fail("host_pool", AzureBusy("host_pools.get", 429, "TooManyRequests", "slow down", retry_after=7.2))
    reply = update(app)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "8")
    assert app.pool().running_rollout == ""


def test_a_refusal_by_azure_is_shown_with_its_code() -> None:
    app = office()
    app.world.fail("versions", AzureForbidden("versions.list", 403, "AuthorizationFailed", "no right"))
    reply = app.send("GET", "/api/images/win11/versions")
    assert (reply.status, reply.json["code"]) == (502, "AuthorizationFailed")


def test_only_health_and_the_introduction_are_open() -> None:
    assert {(one.method, one.path) for one in ENDPOINTS if one.open} == {("GET", "about"), ("GET", "health")}


def test_health_names_the_failing_part_and_no_details() -> None:
    assert office().send("GET", "/api/health").status == 200


def test_lists_can_be_paged_to_their_end() -> None:
    app = office()
    names: list[str] = []
    url = "/api/pools/office/hosts?limit=2"
    while True:
        page = app.send("GET", url).json
        names += [host["host"] for host in page["items"]]
        if page["continuation"] is None:
            break
        url = f"/api/pools/office/hosts?limit=2&continuation={page['continuation']}"
    assert names == ["h0.contoso.local", "h1.contoso.local", "h2.contoso.local"]


class TestIdempotencyKey:
    """The same write sent twice is done once."""

    def test_the_first_response_is_repeated(self) -> None:
        app = office()
        first = update(app, None, **KEY)
        app.later(hours=1)
        again = update(app, None, **KEY)
        assert first.status == again.status == 202
        assert (first.text, first.headers["Location"]) == (again.text, again.headers["Location"])
        assert len(app.engine.rollouts) == 1

    def test_a_refusal_does_not_use_up_the_key(self) -> None:
        app = office()
        assert update(app, {"version": "3.0.0"}, **KEY).status == 422
        app.world.add_version("3.0.0")
        record_family(app.tables.versions, version_set("3.0.0"))
        assert update(app, {"version": "3.0.0"}, **KEY).status == 202

    @pytest.mark.parametrize("misspelt", ["whatif=true", "what-if=true", "dry_run=1"])
    def test_a_misspelt_parameter_is_refused_and_nothing_is_published(self, misspelt: str) -> None:
        app = office()
        reply = app.send("POST", f"{URL}?{misspelt}", {"version": "2.0.0", "schedule": NOW})
        assert reply.status == 400
        assert reply.bad_fields == {misspelt.split("=", maxsplit=1)[0]}
        assert not app.engine.rollouts

    def test_another_body_under_the_same_key_is_refused(self) -> None:
        app = office()
        update(app, None, **KEY)
        assert update(app, {"reason": "other"}, **KEY).status == 422

    def test_a_preview_does_not_use_up_the_key(self) -> None:
        app = office()
        body = {"version": "2.0.0", "schedule": NOW}
        assert app.send("POST", f"{URL}?what_if=true", body, headers=KEY).status == 200
        assert app.send("POST", URL, body, headers=KEY).status == 202

    def test_a_transient_fault_of_azure_does_not_use_up_the_key(self) -> None:
        app = office()
        app.world.fail("host_pool", AzureBusy("host_pools.get", 503, "Busy", "later"))
        assert update(app, None, **KEY).status == 503
        assert update(app, None, **KEY).status == 202

    @pytest.mark.parametrize("key", ["", "a b", "é", "x" * 201])
    def test_a_malformed_key_is_refused(self, key: str) -> None:
        assert update(office(), None, **{"Idempotency-Key": key}).bad_fields == {"Idempotency-Key"}


def test_the_openapi_document_describes_every_endpoint() -> None:
    document = App().send("GET", "/api/openapi.json").json
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.method, f"/api/{one.path}") for one in ENDPOINTS}
    refs = set(json.dumps(document).split("#/components/schemas/")[1:])
    names = {ref.partition('"')[0] for ref in refs}
    assert names <= document["components"]["schemas"].keys()


def test_a_malformed_value_is_reported_in_plain_words() -> None:
    asked = {"version": "2.0", "image": "a b", "schedule": {"mode": "now"}}
    reply = office().send("POST", "/api/pools/office/update-image?whatif=true", asked)
    text = {error["field"]: error["message"] for error in reply.json["errors"]}
    assert text["version"] == "write three whole numbers, like 2.0.0"
    assert text["image"].startswith("use letters, digits")
    assert "unknown field: check the spelling" in text["whatif"]
