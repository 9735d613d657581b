"""Compares two OpenAPI documents: what of the new one would break a program that was written by the old one.

A program may send everything that the old document allows, and relies on every member that it promises. It takes
fields, operations and values of enums in answers that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.openapi_schemas import Schemas, answer_breaks, request_breaks

_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True, order=True)
class Break:
    """Something that a program may depend on and that is no longer so. `subject` is its name in the changelog."""

    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Break]:
    """Every incompatible change, by subject, each once."""
    found: set[Break] = set()
    schemas = Schemas.of(old, new)
    for path, operations in old["paths"].items():
        for method, before in operations.items():
            if method not in _METHODS:
                continue
            name, after = f"{method.upper()} {path}", new["paths"].get(path, {}).get(method)
            if after is None:
                found.add(Break(name, "the operation is gone"))
            else:
                found |= {Break(*one) for one in _of_operation(name, before, after, schemas)}
    return sorted(found)


def _of_operation(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], schemas: Schemas
) -> Iterator[tuple[str, str]]:
    yield from _of_roles(name, old, new)
    yield from _of_parameters(name, old, new, schemas)
    yield from _of_body(name, old.get("requestBody"), new.get("requestBody"), schemas)
    yield from _of_answers(name, old["responses"], new["responses"], schemas)


def _of_roles(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for role in set(old["x-freshcoat-roles"]) - set(new["x-freshcoat-roles"]):
        yield name, f"role {role} may not call it any more"
    if old.get("security") == [] and new.get("security") != []:
        yield name, "callers must sign in"


def _of_parameters(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], schemas: Schemas
) -> Iterator[tuple[str, str]]:
    before, after = _parameters(old), _parameters(new)
    for key, one in before.items():
        subject = f"{name} {key[1]}"
        if key not in after:
            yield subject, f"the {key[0]} parameter is gone"
            continue
        if after[key].get("required") and not one.get("required"):
            yield subject, f"the {key[0]} parameter is required"
        yield from request_breaks(subject, one["schema"], after[key]["schema"], schemas)
    for key, one in after.items():
        if one.get("required") and key not in before:
            yield f"{name} {key[1]}", f"a new {key[0]} parameter is required"


def _parameters(operation: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(one["in"], one["name"]): one for one in operation["parameters"]}


def _of_body(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, schemas: Schemas
) -> Iterator[tuple[str, str]]:
    if new is None:
        if old is not None:
            yield name, "it takes no body any more"
        return
    if new["required"] and not (old and old["required"]):
        yield name, "a body is required"
    for kind, one in (old or {"content": {}})["content"].items():
        if kind not in new["content"]:
            yield name, f"it takes no {kind} any more"
        else:
            yield from request_breaks(name, one["schema"], new["content"][kind]["schema"], schemas)


def _of_answers(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], schemas: Schemas
) -> Iterator[tuple[str, str]]:
    for status, before in old.items():
        if status not in new:
            if status < "300":
                yield name, f"it does not answer {status} any more"
            continue
        after = new[status].get("content", {})
        for header in before.get("headers", {}).keys() - new[status].get("headers", {}).keys():
            yield name, f"its answer {status} has no header {header} any more"
        for kind, one in before.get("content", {}).items():
            if kind not in after:
                yield name, f"its answer {status} is no {kind} any more"
            else:
                yield from answer_breaks(name, one["schema"], after[kind]["schema"], schemas)
