"""The whole OpenAPI document: operations, schemas, ways to sign in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.api.common import Problem
from triggers.http.body import PATCH_TYPES
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi.access import EVERY_WAY, SCHEMES, SIGNATURE_SCHEMES, access_of
from triggers.http.openapi.answers import CORRELATION, REFUSALS, Mode, Refs, answers_of
from triggers.http.openapi.examples import request_of
from triggers.http.openapi.parameters import parameters_of
from triggers.http.openapi.patches import patch_reference, patch_schemas
from triggers.http.openapi.words import Described

_TEMPLATE = "#/components/schemas/{model}"
_ABOUT = """\
Publishes desktop images to AVD pools without throwing people out of their work.

Programs must take fields, values of enums and codes of messages that they do not know: these may be added at any time.
What would break a program that does so is named in the changelog first."""
TAGS = {
    "about": "What this app is, and how to sign in.",
    "access": "Who may do what, and within which limits.",
    "accounts": "Customers.",
    "audit": "The record of who did what.",
    "events": "What hosts report.",
    "health": "Whether the app can do its work.",
    "images": "Images and their versions.",
    "me": "Who asks.",
    "openapi.json": "This document.",
    "overview": "What needs the caller.",
    "pools": "Pools and their hosts, Update Image and roll-back.",
    "promotions": "Scheduled activations.",
    "rollouts": "Updates of pools.",
    "tasks": "Everything that takes long.",
}
"""First part of a path -> what is below it."""


@cache
def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(Problem, "serialization"): None}
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
        "info": {"title": "Freshcoat", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": named,
            "headers": {"correlation": CORRELATION},
            "examples": REFUSALS,
            "securitySchemes": SCHEMES | SIGNATURE_SCHEMES,
        },
        "security": EVERY_WAY,
    }


def _schemas(wanted: Mapping[tuple[type[BaseModel], Mode], None]) -> tuple[Refs, dict[str, Any]]:
    """References to the models, and their schemas by name.

    Where a request and an answer have the same model, the answer's has its name, and that of the request ends in
    `Input`: in an answer every field is there, in a request those with a default may be left out.
    """
    refs, schemas = models_json_schema(list(wanted), ref_template=_TEMPLATE, schema_generator=Described)

    def renamed(found: Any) -> Any:
        return json.loads(json.dumps(found).replace('-Output"', '"').replace('-Input"', 'Input"'))

    return {key: renamed(ref) for key, ref in refs.items()}, renamed(schemas.get("$defs", {}))


def _operation(one: Endpoint, refs: Refs) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": one.name,
        "summary": " ".join((one.handler.__doc__ or "").split()),
        **access_of(one),
        "tags": [one.path.partition("/")[0]],
        "parameters": parameters_of(one),
        "responses": answers_of(one, refs),
    }
    body = _body(one, refs)
    return operation | ({"requestBody": body} if body else {})


def _body(one: Endpoint, refs: Refs) -> dict[str, Any]:
    example = request_of(one.name)
    if one.takes:
        needed = any(field.is_required() for field in one.takes.model_fields.values())
        schema = refs[one.takes, "validation"]
        return {"required": needed, "content": {"application/json": {"schema": schema} | example}}
    if one.patches:
        content = {kind: {"schema": patch_reference(one.patches)} | example for kind in PATCH_TYPES}
        return {"required": True, "content": content}
    if one.takes_any:
        return {"required": True, "content": {"application/json": {"schema": {"type": "object"}} | example}}
    return {}
