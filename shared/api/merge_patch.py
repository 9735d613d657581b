"""JSON merge patch (RFC 7396) of a registration: its fields are changed one by one, and null removes one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from shared.api.validation import parse
from shared.core.errors import FieldProblem, InvalidRequest
from shared.models.base import Value

_STORED = "this is stored and does not fit the change; send null to remove it"


@dataclass(frozen=True)
class MergePatch[M: Value]:
    """The changes of a registration `M` as they were sent."""

    changes: Mapping[str, Any]

    def applied_to(self, stored: M) -> M:
        """The registration with the changes; a removed field gets its default.

        The result is held to the same rules as a whole registration. Raises InvalidRequest naming every bad field. A
        null for a name that the registration does not have is refused too, since it may be misspelt.
        """
        model, target = type(stored), stored.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        merged = merge(target, self.changes)
        _restore_unknown(merged, self.changes, [model])
        try:
            return parse(model, merged)
        except InvalidRequest as error:
            raise InvalidRequest([_explained(problem, target, self.changes) for problem in error.problems]) from error


def merge(target: object, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The target with the changes: `MergePatch` of RFC 7396, section 2, for a patch that is an object."""
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, change in changes.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), change) if isinstance(change, Mapping) else change
    return merged


def _restore_unknown(merged: dict[str, Any], changes: Mapping[str, Any], models: Collection[type[BaseModel]]) -> None:
    """Put a null for a name that none of the models has back, so that the model refuses it."""
    fields = {field.alias or name: field for model in models for name, field in model.model_fields.items()}
    for name, change in changes.items():
        if change is None and name not in fields:
            merged[name] = None
        elif isinstance(change, Mapping) and name in fields and (inner := _models_in(fields[name].annotation)):
            _restore_unknown(merged[name], change, inner)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field's value may be; not those in a list, which a patch replaces as a whole."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for choice in get_args(annotation) for model in _models_in(choice)]


def _explained(problem: FieldProblem, target: object, changes: object) -> FieldProblem:
    """A problem of a stored field that the changes do not name, in words that say so."""
    path = problem.field.split(".")
    unasked = _has(target, path) and not _has(changes, path)
    return FieldProblem(problem.field, _STORED) if unasked else problem


def _has(document: object, path: list[str]) -> bool:
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return False
        document = document[name]
    return True
