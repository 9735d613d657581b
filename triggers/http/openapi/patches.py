"""The schema of a merge patch (RFC 7396) of a model: every field may be left out, and null removes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_REF = "#/components/schemas/"
_NULL = {"type": "null"}


def patch_reference(model: type[BaseModel]) -> dict[str, Any]:
    """A reference to the schema of a patch of the model."""
    return {"$ref": f"{_REF}{_patch_name(model.__name__)}"}


def patch_schemas(model: type[BaseModel], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a patch of the model, and those of the objects in it, by name. `schemas`: those of the models.

    Lists are replaced as a whole, so what is in them stays as it is.
    """
    found: dict[str, Any] = {}
    waiting: list[tuple[str, set[str]]] = [(model.__name__, set())]
    while waiting:
        name, others = waiting.pop()
        if _patch_name(name) in found:
            continue
        own = schemas[name]["properties"]
        fields = {field: _nullable(inner, schemas, waiting) for field, inner in own.items()}
        found[_patch_name(name)] = {
            "type": "object",
            "title": _patch_name(name),
            "description": "Only what changes; null resets a field to its default.",
            "additionalProperties": False,
            "properties": fields | dict.fromkeys(sorted(others - own.keys()), _NULL),
        }
    return found


def _patch_name(name: str) -> str:
    return f"{name}Patch"


def _nullable(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], waiting: list[tuple[str, set[str]]]
) -> dict[str, Any]:
    """The schema of a field in a patch. Objects in it are added to `waiting`, each with the fields of its alternatives:
    who changes from one to the other has to remove them.
    """
    choices = schema.get("anyOf") or schema.get("oneOf") or [_without_words(schema)]
    objects = [name for choice in choices if (name := _object_in(choice, schemas))]
    waiting += [(name, {field for other in objects for field in schemas[other]["properties"]}) for name in objects]
    patched = [_patched(choice, schemas) for choice in choices if choice != _NULL]
    words = {name: schema[name] for name in ("title", "description") if name in schema}
    return words | {"anyOf": [*patched, _NULL]}


def _patched(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    name = _object_in(schema, schemas)
    return {"$ref": f"{_REF}{_patch_name(name)}"} if name else dict(schema)


def _object_in(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The name of the object that the schema refers to; empty when it is none."""
    name: str = schema.get("$ref", "").removeprefix(_REF)
    return name if name and "properties" in schemas[name] else ""


def _without_words(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in {"title", "description", "default"}}
