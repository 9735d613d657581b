"""The parameters of an operation: in its path, in the query string, in headers."""

from __future__ import annotations

import re
from typing import Any

from triggers.http.conditions import LONGEST, PATTERN
from triggers.http.contract import Endpoint
from triggers.http.openapi.words import Described
from triggers.http.respond import PATH_PATTERNS

_PATH_PART = re.compile(r"{(\w+)}")
_PATHS = {
    "account": ("Name of an account.", "contoso"),
    "image": ("Name of an image.", "win11"),
    "key": ("Name of an app key.", "pipeline"),
    "pool": ("Name of a pool.", "office"),
    "principal": (
        "`{tenant}.{object}`: the ids in Entra ID of a person or a program.",
        "11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222",
    ),
    "probe": ("Name of a probe.", "printers"),
    "profile": ("Name of a join profile.", "corp"),
    "promotion": ("Id of a scheduled activation.", "8204680874796-4bd9"),
    "ring": ("Ring of pools.", "production"),
    "rollout": ("Id of a rollout.", "8204680874794-4bd9"),
    "task": ("Id of a task, or of a rollout.", "8204680874795-4bd9"),
    "version": ("Version of an image.", "2.0.0"),
}
"""Path parameter -> what it is, and an example."""
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a request with the same key returns the first answer.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "example": "publish-2.0.0-office",
}
_CONDITIONS = {
    "If-Match": "Change it only if its ETag is one of these; `*`: if it exists. Otherwise the answer is 412.",
    "If-None-Match": "`*`: only create it. Otherwise the answer is 412.",
}
_IF_CHANGED = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of an earlier answer. If there is nothing new, the answer is 304 without a body.",
    "schema": {"type": "string"},
}


def parameters_of(one: Endpoint) -> list[dict[str, Any]]:
    """All parameters that the operation takes."""
    found = [*_in_path(one), *_in_query(one)]
    if one.method == "GET":
        found.append(_IF_CHANGED)
    if one.writes:
        found.append(_KEY_PARAMETER)
    return found + _conditions(one) if one.conditional else found


def _in_path(one: Endpoint) -> list[dict[str, Any]]:
    return [_path_parameter(name) for name in _PATH_PART.findall(one.path)]


def _path_parameter(name: str) -> dict[str, Any]:
    description, example = _PATHS[name]
    schema = {"type": "string", "pattern": f"^({PATH_PATTERNS[name].pattern})$"}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _conditions(one: Endpoint) -> list[dict[str, Any]]:
    """A PATCH creates nothing, so it takes only `If-Match`."""
    schema = {"type": "string", "pattern": f"^({PATTERN})$", "maxLength": LONGEST}
    names = ["If-Match"] if one.patches else [*_CONDITIONS]
    return [
        {"name": name, "in": "header", "required": False, "description": _CONDITIONS[name], "schema": schema}
        for name in names
    ]


def _in_query(one: Endpoint) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    # A parameter's schema must be self-contained, so pydantic's references are resolved.
    schema = one.query.model_json_schema(schema_generator=Described)
    named = schema.get("$defs", {})
    return [_query_parameter(name, _written_out(field, named)) for name, field in schema["properties"].items()]


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The words of the field stand at the parameter, where tools look for them."""
    words = schema.get("description")
    bare = {key: value for key, value in schema.items() if key != "description"}
    found = {"name": name, "in": "query", "required": False, "schema": bare}
    return found | ({"description": words} if words else {})


def _written_out(schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_written_out(item, named) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return _written_out(named[schema["$ref"].removeprefix("#/$defs/")], named) | own
    if "anyOf" in schema:  # a query string has no null: the parameter is left out
        choices = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
        own = {key: value for key, value in schema.items() if key == "description"}
        return (_written_out(choices[0], named) if len(choices) == 1 else {"anyOf": _written_out(choices, named)}) | own
    return {key: _written_out(value, named) for key, value in schema.items()}
