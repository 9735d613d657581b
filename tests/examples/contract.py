"""The contract of the API, as far as examples are compared with it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text())


@cache
def operation(method: str, path: str) -> tuple[str, Any] | None:
    """The operation of a path that has `{}` where a value goes in: its path, and what it is."""
    for known, item in _DOCUMENT["paths"].items():
        if re.sub(r"{\w+}", "{}", known) == f"/api/{path}" and method.lower() in item:
            return known, item[method.lower()]
    return None


def query_of(found: Any) -> set[str]:
    """Query parameters of an operation."""
    return {one["name"] for one in found.get("parameters", []) if one.get("in") == "query"}


def body_of(found: Any) -> set[str]:
    """Fields of its request."""
    content = found.get("requestBody", {}).get("content", {})
    return set(_fields(content["application/json"]["schema"])) if content else set()


def answer_of(found: Any) -> set[str]:
    """Names of all fields of its good answers, also of those within others."""
    names: set[str] = set()
    for status, answer in found["responses"].items():
        if status.startswith("2"):
            for content in answer.get("content", {}).values():
                names |= _all_fields(content["schema"], set())
    return names


def fields_of(schema: str) -> set[str]:
    """Names of all fields of a schema, also of those within others."""
    return _all_fields(_DOCUMENT["components"]["schemas"][schema], set())


def _resolved(schema: Any) -> Any:
    return _DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _fields(schema: Any) -> dict[str, Any]:
    found: dict[str, Any] = _resolved(schema).get("properties", {})
    return found


def _all_fields(schema: Any, seen: set[str]) -> set[str]:
    if "$ref" in schema:
        if schema["$ref"] in seen:
            return set()
        seen.add(schema["$ref"])
        return _all_fields(_resolved(schema), seen)
    names = set(schema.get("properties", {}))
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *schema.get("oneOf", [])]
    inner += [schema[one] for one in ("items", "additionalProperties") if isinstance(schema.get(one), dict)]
    return names.union(*(_all_fields(one, seen) for one in inner))
