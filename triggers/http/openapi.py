"""The OpenAPI document, generated from the table of endpoints and the models."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.access.authenticate import KEY_HEADER
from shared.access.event_signature import SIGNATURE_HEADER
from shared.api.common import Problem
from shared.models.access.roles import Gate, Need
from triggers.http.body import PATCH_TYPES
from triggers.http.conditions import LONGEST, PATTERN
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi_patches import patch_reference, patch_schemas
from triggers.http.reads import CACHING
from triggers.http.respond import PATH_PATTERNS

type _Mode = Literal["validation", "serialization"]
type _Refs = Mapping[Any, dict[str, Any]]
"""(model, mode) -> a reference to its schema."""

_TEMPLATE = "#/components/schemas/{model}"
_PATH_PART = re.compile(r"{(\w+)}")
_PATH_SCHEMAS = {name: {"type": "string", "pattern": f"^{pattern.pattern}$"} for name, pattern in PATH_PATTERNS.items()}
_SCHEMES = {
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Entra ID for this app. `GET /api/about` says how to get one.",
    },
    "appKey": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "A key of this app, made by an admin.",
    },
}
_SIGNATURE_SCHEMES = {
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURE_HEADER,
        "description": "HMAC-SHA-256 of `timestamp.body` with the key of the pool that `x-freshcoat-pool` names.",
    },
}
"""For log-off events alone."""
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Repeating a request with the same key returns the first answer.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
_CONDITIONS = {
    "If-Match": "Change it only if its ETag is one of these; `*`: if it exists. Otherwise the answer is 412.",
    "If-None-Match": "`*`: only create it. Otherwise the answer is 412.",
}
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
_IF_CHANGED = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of an earlier answer. If there is nothing new, the answer is 304 without a body.",
    "schema": {"type": "string"},
}
_NOTHING_NEW = {"description": "What the reader has is still so.", "headers": _READ_TAG}


@cache
def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    wanted: dict[tuple[type[BaseModel], _Mode], None] = {(Problem, "serialization"): None}
    for one in ENDPOINTS:
        if taken := one.takes or one.patches:
            wanted[taken, "validation"] = None
        wanted |= {(model, "serialization"): None for model in one.gives}
    refs, named = _schemas(wanted)
    for one in ENDPOINTS:
        if one.patches:
            named |= patch_schemas(one.patches, named)
    paths: dict[str, dict[str, Any]] = {}
    for one in ENDPOINTS:
        paths.setdefault(f"/api/{one.path}", {})[one.method.lower()] = _operation(one, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Freshcoat", "version": "1", "description": "Publishes desktop images to AVD pools."},
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": _SCHEMES | _SIGNATURE_SCHEMES,
        },
        "security": [{name: []} for name in _SCHEMES],
    }


def _schemas(wanted: Mapping[tuple[type[BaseModel], _Mode], None]) -> tuple[_Refs, dict[str, Any]]:
    """References to the models, and their schemas by name.

    Where a request and an answer have the same model, the answer's has its name, and that of the request ends in
    `Input`: in an answer every field is there, in a request those with a default may be left out.
    """
    refs, schemas = models_json_schema(list(wanted), ref_template=_TEMPLATE)

    def renamed(found: Any) -> Any:
        return json.loads(json.dumps(found).replace('-Output"', '"').replace('-Input"', 'Input"'))

    return {key: renamed(ref) for key, ref in refs.items()}, renamed(schemas.get("$defs", {}))


def _operation(one: Endpoint, refs: _Refs) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": one.name,
        "summary": " ".join((one.handler.__doc__ or "").split()),
        "tags": [one.path.partition("/")[0]],
        "parameters": [*_path_parameters(one), *_query_parameters(one)],
        "responses": _responses(one, refs),
    }
    if one.method == "GET":
        operation["parameters"].append(_IF_CHANGED)
    if one.writes:
        operation["parameters"].append(_KEY_PARAMETER)
    if one.conditional:
        operation["parameters"] += _condition_parameters(one)
    if one.open:
        operation["security"] = []
    elif one.needs is Need.HINT:
        operation["security"] = [{name: []} for name in _SCHEMES | _SIGNATURE_SCHEMES]
    operation["x-freshcoat-needs"] = str(one.needs)
    if one.takes:
        needed = any(field.is_required() for field in one.takes.model_fields.values())
        schema = refs[one.takes, "validation"]
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    elif one.patches:
        content = {kind: {"schema": patch_reference(one.patches)} for kind in PATCH_TYPES}
        operation["requestBody"] = {"required": True, "content": content}
    elif one.takes_any:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return operation


def _path_parameters(one: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[name]}
        for name in _PATH_PART.findall(one.path)
    ]


def _condition_parameters(one: Endpoint) -> list[dict[str, Any]]:
    """A PATCH creates nothing, so it takes only `If-Match`."""
    schema = {"type": "string", "pattern": f"^({PATTERN})$", "maxLength": LONGEST}
    names = ["If-Match"] if one.patches else [*_CONDITIONS]
    return [
        {"name": name, "in": "header", "required": False, "description": _CONDITIONS[name], "schema": schema}
        for name in names
    ]


def _query_parameters(one: Endpoint) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    # A parameter's schema must be self-contained, so pydantic's references are resolved.
    schema = one.query.model_json_schema()
    named = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _written_out(field, named)}
        for name, field in schema["properties"].items()
    ]


def _written_out(schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_written_out(item, named) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _written_out(named[schema["$ref"].removeprefix("#/$defs/")], named)
    if "anyOf" in schema:  # a query string has no null: the parameter is left out
        choices = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
        return _written_out(choices[0], named) if len(choices) == 1 else {"anyOf": _written_out(choices, named)}
    return {key: _written_out(value, named) for key, value in schema.items()}


def _responses(one: Endpoint, refs: _Refs) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(one.status).phrase}
    if one.gives:
        schemas = [refs[model, "serialization"] for model in one.gives]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        success["content"] = {"application/json": {"schema": schema}}
    elif one.status != 204:
        success["content"] = {"application/json": {"schema": {"type": "object"}}}
    if one.method == "GET":
        success["headers"] = _READ_TAG_OF_SETTINGS if one.tagged else _READ_TAG
    elif one.tagged:
        success["headers"] = _ETAG
    good = {one.status, *one.also}
    problem = {"application/problem+json": {"schema": refs[Problem, "serialization"]}}
    bad = {400, 413, 500, 502, 503, *one.refusals} - good
    if not one.open:
        bad |= {401} | (set() if one.needs is Gate.SIGNED_IN else {403})
    if one.writes:
        bad |= {409, 422}
    if one.takes or one.takes_any or one.patches:
        bad.add(415)
    refused = {str(status): {"description": HTTPStatus(status).phrase, "content": problem} for status in sorted(bad)}
    answers = {str(status): success | {"description": HTTPStatus(status).phrase} for status in sorted(good)} | refused
    if one.method == "GET":
        answers["304"] = _NOTHING_NEW
    for status, headers in _REFUSAL_HEADERS.items():
        if status in refused or status == "503":
            answers[status] = {**answers[status], "headers": headers | answers[status].get("headers", {})}
    return answers
