"""The answers of an operation: what it gives, how it is refused, and the headers of both."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from shared.api.common import Problem
from shared.models.access.roles import Gate
from triggers.http.contract import Endpoint
from triggers.http.openapi.examples import PROBLEMS, answer_of
from triggers.http.openapi.links import links_of
from triggers.http.reads import CACHING
from triggers.http.recorded import CORRELATION_HEADER

type Mode = Literal["validation", "serialization"]
type Refs = Mapping[Any, dict[str, Any]]
"""(model, mode) -> a reference to its schema."""

_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds until it is worth asking again.", "schema": {"type": "integer"}}
}
_SOMETIMES = {
    "Retry-After": {**_RETRY_AFTER["Retry-After"], "description": "Seconds, if it may succeed later by itself."}
}
_REFUSAL_HEADERS = {
    "401": {"WWW-Authenticate": {"description": "`Bearer`: sign in.", "schema": {"const": "Bearer"}}},
    "409": _SOMETIMES,
    "429": _RETRY_AFTER,
    "503": _RETRY_AFTER,
}
_ETAG = {
    "ETag": {
        "description": "Names the settings as they are stored, for `If-Match`. It changes with each of them.",
        "schema": {"type": "string"},
    }
}
_READ_TAG = {
    "ETag": {
        "description": "Names this answer, for `If-None-Match`. It changes with all that the answer says.",
        "schema": {"type": "string"},
    },
    "Cache-Control": {"description": "It may be kept by who asked, and asked after.", "schema": {"const": CACHING}},
}
_READ_TAG_OF_SETTINGS = {
    **_READ_TAG,
    "ETag": {
        "description": "`settings.content`. `If-None-Match` of a read compares both parts, `If-Match` of a change only"
        " the first one.",
        "schema": {"type": "string"},
    },
}
_LOCATION = {
    "Location": {"description": "Where what was made or begun is read.", "schema": {"type": "string"}},
}
_OF_CSV = {
    "X-Continuation": {"description": "With CSV: where the next page begins, if any.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "JSON may be kept by who asked, and asked after; CSV may not, and has no `ETag`.",
        "schema": {"enum": [CACHING, "no-store"]},
    },
}
CORRELATION = {
    "description": "Id of this request in the record, in the log and in the calls to Azure.",
    "schema": {"type": "string"},
}
"""The header of every answer."""
_EXAMPLE = "refused{}"
REFUSALS = {
    _EXAMPLE.format(status): {"summary": problem["title"], "value": problem} for status, problem in PROBLEMS.items()
}
"""An example of each refusal, by name."""
_EVERY = {CORRELATION_HEADER: {"$ref": "#/components/headers/correlation"}}


def answers_of(one: Endpoint, refs: Refs) -> dict[str, Any]:
    """Status -> answer."""
    good = {one.status, *one.also}
    answers = {str(status): _good(one, status, refs) for status in sorted(good)}
    answers |= {str(status): _refusal(status, refs) for status in sorted(_refusals(one) - good)}
    if one.method == "GET":
        answers["304"] = {"description": "What the reader has is still so.", "headers": _READ_TAG | _EVERY}
    if 503 in good:
        answers["503"]["headers"] |= _RETRY_AFTER
    return answers


def _good(one: Endpoint, status: int, refs: Refs) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": _headers(one, status) | _EVERY}
    if status != 204:
        answer["content"] = {"application/json": {"schema": _schema(one, refs)} | answer_of(one.name, status)}
    if one.answers_csv:
        answer["content"]["text/csv"] = {"schema": {"type": "string"}}
    links = links_of(one, status)
    return answer | ({"links": links} if links else {})


def _schema(one: Endpoint, refs: Refs) -> dict[str, Any]:
    schemas = [refs[model, "serialization"] for model in one.gives]
    if not schemas:
        return {"type": "object"}
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _headers(one: Endpoint, status: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if one.method == "GET":
        found = {**(_READ_TAG_OF_SETTINGS if one.tagged else _READ_TAG)}
    elif one.tagged:
        found = {**_ETAG}
    if one.answers_csv:
        found |= _OF_CSV
    if status in {201, 202}:
        found |= _LOCATION
    return found


def _refusals(one: Endpoint) -> set[int]:
    """The statuses of refusals: those of the route, and those that every route of its kind has."""
    bad = {400, 413, 500, 502, 503, *one.refusals}
    if not one.open:
        bad |= {401} | (set() if one.needs is Gate.SIGNED_IN else {403})
    if one.writes:
        bad |= {409, 422}
    if one.takes or one.takes_any or one.patches:
        bad.add(415)
    return bad


def _refusal(status: int, refs: Refs) -> dict[str, Any]:
    shown = {"refused": {"$ref": f"#/components/examples/{_EXAMPLE.format(status)}"}}
    problem = {"schema": refs[Problem, "serialization"], "examples": shown}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": problem},
        "headers": _REFUSAL_HEADERS.get(str(status), {}) | _EVERY,
    }
