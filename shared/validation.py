"""From JSON to a model, naming every bad field at once in words a person can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.errors import FieldProblem, InvalidRequest
from shared.models.base import NAME_PATTERN, VERSION_PATTERN
from shared.models.requests import KEPT_FROM_THE_POOL

_KEPT = "network and VM size are kept from the pool and cannot be changed here; leave this out"
_UNKNOWN = "there is no such field: check how it is spelt, or leave it out"
_IN_WORDS = {
    "missing": "this is needed",
    "model_type": "should be an object, in braces",
    "model_attributes_type": "should be an object, in braces",
    "dict_type": "should be an object, in braces",
    "bool_parsing": "should be true or false",
}
"""What pydantic says of these is about Python."""
_FORMS = {
    VERSION_PATTERN: "write three whole numbers, like 2.0.0",
    NAME_PATTERN: "use letters, digits, dot, dash, underscore, at most 63; begin with a letter or digit",
}
"""What a pattern asks for."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+")


def parse[M: BaseModel](model: type[M], given: object) -> M:
    """`given` as a `model`. Raises InvalidRequest naming each field that is wrong, once."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidRequest(problems_of(error, given)) from error


def salvage[M: BaseModel](model: type[M], given: Mapping[str, Any]) -> M | None:
    """`given` as a `model` without the fields that are wrong; None when it cannot be one without them."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = {name for one in error.errors(include_url=False) for name in one["loc"][:1]}
    try:
        return model.model_validate({name: value for name, value in given.items() if name not in wrong})
    except ValidationError:
        return None


def problems_of(error: ValidationError, given: object) -> list[FieldProblem]:
    """What pydantic found, by the names the sender used; several findings about one field become one."""
    found: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_context=False):
        name = ".".join(_path(one["loc"], given, one["type"])) or "body"
        message = _message(one["type"], one["msg"], name)
        if message not in found.setdefault(name, []):
            found[name].append(message)
    return [FieldProblem(name, "; or ".join(messages)) for name, messages in found.items()]


def _path(loc: Sequence[int | str], given: object, kind: str) -> list[str]:
    """The part of `loc` that the sender knows: without the names of union members, which are ours."""
    path: list[str] = []
    here: Any = given
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if _holds(here, part):
            here = here[part]
        elif not (last and kind == "missing"):
            continue
        path.append(str(part))
    return path


def _holds(here: object, part: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _message(kind: str, text: str, name: str) -> str:
    if kind == "extra_forbidden":
        words = _WORDS.sub("_", name.rpartition(".")[2]).lower()
        return _KEPT if words in KEPT_FROM_THE_POOL else _UNKNOWN
    if kind in _IN_WORDS:
        return _IN_WORDS[kind]
    if kind == "string_pattern_mismatch":
        return next((words for pattern, words in _FORMS.items() if f"'{pattern}'" in text), text)
    text = text.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]
