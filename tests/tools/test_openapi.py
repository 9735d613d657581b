"""Incompatible changes of the OpenAPI document are found, and must be named in the changelog."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.openapi import CHANGELOG, RELEASED, bare, breaks, newest_section, unnamed
from tools.openapi_changes import Break
from triggers.http.openapi import document

type Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> list[str]:
    new = copy.deepcopy(document())
    change(new)
    return [str(one) for one in breaks(document(), new)]


def schema(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


def operation(document: dict[str, Any], path: str, method: str = "get") -> Any:
    return document["paths"][f"/api/{path}"][method]


def parameter(document: dict[str, Any], path: str, name: str) -> Any:
    return next(one for one in operation(document, path)["parameters"] if one["name"] == name)


def field(document: dict[str, Any], of: str, name: str) -> Any:
    return schema(document, of)["properties"][name]


UPDATE = "UpdateImageRequest"
PUBLISH = "pools/{pool}/update-image"

BREAKING: list[tuple[str, Change]] = [
    ("GET /api/pools: the operation is gone", lambda d: d["paths"]["/api/pools"].pop("get")),
    ("GET /api/pools/{pool}/kept: the operation is gone", lambda d: d["paths"].pop("/api/pools/{pool}/kept")),
    (
        "GET /api/pools search: the query parameter is gone",
        lambda d: operation(d, "pools")["parameters"].remove(parameter(d, "pools", "search")),
    ),
    (
        "GET /api/pools limit: maximum is 50 instead of 200",
        lambda d: parameter(d, "pools", "limit")["schema"].update(maximum=50),
    ),
    (
        "GET /api/tasks state: has no value paused any more",
        lambda d: [
            one["enum"].remove("paused")
            for one in parameter(d, "tasks", "state")["schema"]["items"]["anyOf"]
            if "paused" in one["enum"]
        ],
    ),
    (
        "GET /api/pools tenant: a new query parameter is required",
        lambda d: operation(d, "pools")["parameters"].append(
            {"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
    ),
    ("PoolView.hosts: the field is gone", lambda d: schema(d, "PoolView")["properties"].pop("hosts")),
    ("PoolView.hosts: the field may be left out", lambda d: schema(d, "PoolView")["required"].remove("hosts")),
    ("PoolView.ring: may be null", lambda d: _or_null(field(d, "PoolView", "ring"))),
    (
        "PoolHostView.sessions: is string instead of integer",
        lambda d: field(d, "PoolHostView", "sessions").update(type="string"),
    ),
    ("Ring: has no value pilot any more", lambda d: schema(d, "Ring")["enum"].remove("pilot")),
    (f"{UPDATE}.reason: the field is gone", lambda d: schema(d, UPDATE)["properties"].pop("reason")),
    (f"{UPDATE}.reason: the field is required", lambda d: schema(d, UPDATE)["required"].append("reason")),
    (
        f"{UPDATE}.reason: maxLength is 10 instead of 1000",
        lambda d: field(d, UPDATE, "reason").update(maxLength=10),
    ),
    (
        f"{UPDATE}.ticket: a new field is required",
        lambda d: (
            schema(d, UPDATE)["properties"].update(ticket={"type": "string"}),
            schema(d, UPDATE)["required"].append("ticket"),
        ),
    ),
    (
        f"{UPDATE}.image: takes no null any more",
        lambda d: schema(d, UPDATE)["properties"].update(image={"type": "string"}),
    ),
    (
        "PolicyOverridesInput.retries: maximum is 2 instead of 3",
        lambda d: _number(field(d, "PolicyOverridesInput", "retries")).update(maximum=2),
    ),
    (
        f"POST /api/{PUBLISH}: it does not answer 202 any more",
        lambda d: operation(d, PUBLISH, "post")["responses"].pop("202"),
    ),
    (
        "GET /api/me: its answer 200 has no header ETag any more",
        lambda d: operation(d, "me")["responses"]["200"].update(headers={}),
    ),
    (
        "GET /api/pools: role reader may not call it any more",
        lambda d: operation(d, "pools").update({"x-freshcoat-roles": ["operator", "approver", "admin"]}),
    ),
    ("GET /api/health: callers must sign in", lambda d: operation(d, "health").pop("security")),
]


def _or_null(schema: dict[str, Any]) -> None:
    schema.update(anyOf=[{"$ref": schema.pop("$ref")}, {"type": "null"}])


def _number(schema: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in schema["anyOf"] if one.get("type") == "integer")


@pytest.mark.parametrize(("told", "change"), BREAKING, ids=[told for told, _ in BREAKING])
def test_what_would_break_a_program_is_found(told: str, change: Change) -> None:
    assert told in changed(change)


HARMLESS: list[tuple[str, Change]] = [
    ("nothing", lambda d: None),
    ("a new operation", lambda d: d["paths"].update({"/api/new": d["paths"]["/api/pools"]})),
    ("a new field of an answer", lambda d: schema(d, "PoolView")["properties"].update(colour={"type": "string"})),
    ("a new field of a request", lambda d: schema(d, UPDATE)["properties"].update(colour={"type": "string"})),
    ("a new value of an enum", lambda d: schema(d, "Ring")["enum"].append("lab")),
    ("a wider bound", lambda d: field(d, UPDATE, "reason").update(maxLength=2_000)),
    ("other words", lambda d: schema(d, "PoolView").update(description="Another.", title="Another")),
    ("one role more", lambda d: operation(d, "pools")["x-freshcoat-roles"].append("agent")),
    ("a value that is never null", lambda d: field(d, "PoolView", "hosts").update(anyOf=[{"type": "integer"}])),
]


@pytest.mark.parametrize("change", [change for _, change in HARMLESS], ids=[told for told, _ in HARMLESS])
def test_what_a_program_need_not_notice_is_no_break(change: Change) -> None:
    assert changed(change) == []


def test_each_schema_is_compared_under_its_own_name_whoever_answers_it() -> None:
    found = changed(lambda d: schema(d, "Message")["properties"].pop("href"))
    assert "Message.href: the field is gone" in found


def test_the_app_breaks_no_program_of_the_last_release_unless_the_changelog_says_so() -> None:
    found = unnamed(breaks(json.loads(RELEASED.read_text()), document()), CHANGELOG.read_text())
    assert [str(one) for one in found] == [], "undo it, or name each in the newest section of CHANGELOG.md"


def test_only_the_newest_section_counts() -> None:
    log = "# Changelog\n\n## [2.0.0]\n\n- `PoolView.hosts` is gone.\n\n## [1.0.0]\n\n- `PoolView.ring` is gone.\n"
    wanted = [Break("PoolView.hosts", "the field is gone"), Break("PoolView.ring", "the field is gone")]
    assert unnamed(wanted, log) == wanted[1:]
    assert "1.0.0" not in newest_section(log)


def test_the_released_document_has_no_words() -> None:
    found = bare({"description": "x", "properties": {"description": {"type": "string", "example": "y"}}})
    assert found == {"properties": {"description": {"type": "string"}}}
    assert breaks(bare(document()), document()) == []
