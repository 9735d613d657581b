"""The OpenAPI document on answers: which fields are always there, and how refusals that differ are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import function_app  # noqa: F401 - importing it fills the table of endpoints
from triggers.http.contract import ENDPOINTS
from triggers.http.openapi import document

_OF_MESSAGES = {"at", "count", "href"}
SOMETIMES = {"Message": _OF_MESSAGES, "TaskWait": _OF_MESSAGES}
"""Fields of answers that are left out when they say nothing."""


def answers() -> Iterator[tuple[str, Any]]:
    """The schemas of all good answers and of what they refer to, by name."""
    schemas = document()["components"]["schemas"]
    waiting = [
        reference
        for path in document()["paths"].values()
        for operation in path.values()
        for status, answer in operation["responses"].items()
        if status < "300" and "content" in answer
        for reference in _references(answer["content"])
    ]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name, schemas[name]
            waiting += _references(schemas[name])


def _references(found: Any) -> list[str]:
    if isinstance(found, list):
        return [name for item in found for name in _references(item)]
    if not isinstance(found, dict):
        return []
    own = [found["$ref"].rpartition("/")[2]] if "$ref" in found else []
    return own + [name for value in found.values() for name in _references(value)]


def test_every_field_of_an_answer_is_there() -> None:
    missing = {
        name: left_out
        for name, schema in answers()
        if (
            left_out := schema.get("properties", {}).keys()
            - set(schema.get("required", ()))
            - SOMETIMES.get(name, set())
        )
    }
    assert not missing


def test_the_answer_keeps_the_name_of_a_model_that_requests_have_too() -> None:
    names = document()["components"]["schemas"].keys()
    assert {"PolicyOverrides", "PolicyOverridesInput", "PolicyOverridesInputPatch"} <= names
    assert not [name for name in names if name.endswith(("-Output", "-Input"))]


def test_a_request_may_leave_out_what_has_a_default() -> None:
    schema = document()["components"]["schemas"]["UpdateImageRequest"]
    assert set(schema["required"]) == {"version", "schedule"}


def test_errors_say_only_what_they_know() -> None:
    assert document()["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail"]


@pytest.mark.parametrize("one", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_who_is_not_signed_in_or_not_allowed_or_too_early_is_told_apart(one: Any) -> None:
    found = document()["paths"][f"/api/{one.path}"][one.method.lower()]["responses"]
    assert "Retry-After" in found["503"]["headers"]
    if "429" in found:
        assert "Retry-After" in found["429"]["headers"]
    if one.open:
        assert not {"401", "403"} & found.keys()
        return
    assert "WWW-Authenticate" in found["401"]["headers"]
    assert ("403" in found) is (str(one.needs) != "signed_in")
