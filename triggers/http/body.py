"""Reads the body of a request: strict UTF-8 and JSON, an object, and no larger than a request needs.

What is read costs time in proportion to its length, so the bounds hold before anything else looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import azure.functions as func

from shared.core.errors import FreshcoatError
from shared.core.plain_text import one_line

MOST_BYTES = 262_144
"""Maximum length of a body: the limit of an Azure Monitor alert (azure-facts 4), far above our own requests."""
MOST_MEMBERS = 200
"""Maximum number of members of one object."""
MOST_NESTING = 20
"""Maximum number of objects and lists inside one another."""

TYPES = ("application/json",)
PATCH_TYPES = ("application/merge-patch+json", "application/json")
"""Content types of a body, and of a merge patch (RFC 7396)."""


class MalformedBody(FreshcoatError):
    """The body is not a JSON object."""

    status = 400
    title = "The body must be a JSON object"


class BodyTooLarge(FreshcoatError):
    """The body is longer than any request needs."""

    status = 413
    title = "The body is too large"


class NotJson(FreshcoatError):
    """The body has another content type."""

    status = 415
    title = "The body must be JSON"


def read_body(req: func.HttpRequest, *, needed: bool = False, types: Collection[str] = TYPES) -> dict[str, Any]:
    """The body as an object. A missing body counts as `{}`, so that the model names missing fields, unless `needed`.

    Raises MalformedBody, BodyTooLarge, NotJson.
    """
    body = req.get_body() or b""
    if len(body) > MOST_BYTES:
        raise BodyTooLarge(f"Send at most {MOST_BYTES} bytes.")
    if not body.strip() and not needed:
        return {}
    if _content_type(req.headers) not in types:
        raise NotJson(f"Send the header Content-Type: {' or '.join(types)}.")
    try:
        found = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_object)
    except RecursionError as error:
        raise MalformedBody("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise MalformedBody(f"The body is not valid JSON: {one_line(str(error), 200)}") from error
    if not isinstance(found, dict):
        raise MalformedBody("Send a JSON object, in braces.")
    _check(found, MOST_NESTING)
    return found


def _content_type(headers: Mapping[str, str]) -> str:
    return (headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed in JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_MEMBERS:
        raise ValueError(f"an object may have {MOST_MEMBERS} members; one has {len(pairs)}")
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has two members with the same name")
    return found


def _check(value: object, depth: int) -> None:
    """Raises MalformedBody for too much nesting, and for half a surrogate pair, which no text can hold."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise MalformedBody("A text contains half of a surrogate pair.")
        return
    if not isinstance(value, dict | list):
        return
    if depth < 1:
        raise MalformedBody(f"The JSON is nested too deeply: at most {MOST_NESTING} levels.")
    for inner in value if isinstance(value, list) else (*value, *value.values()):
        _check(inner, depth - 1)
