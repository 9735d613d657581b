"""Parse JSON into a model. Every bad field is named at once, in words a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.api.accounts import CLIENT_ID
from shared.api.agreed_plans import PLAN_PATTERN
from shared.api.common import KEPT_FROM_THE_POOL
from shared.core.arm_ids import SCOPE_PATTERN
from shared.core.errors import FieldProblem, InvalidRequest
from shared.core.plain_text import one_line
from shared.models.access.grants import ACCOUNT_PATTERN
from shared.models.base import HOST_NAME_PATTERN, NAME_PATTERN, VERSION_PATTERN
from shared.models.images import REGION_PATTERN
from shared.models.pools import JOIN_SETTING_PATTERN

_KEPT = "network and VM size are kept from the pool and cannot be changed here; leave this out"
_UNKNOWN = "unknown field: check the spelling or remove it"
_WHOLE = "must be a whole number"
_IN_WORDS = {
    "missing": "this field is required",
    "model_type": "should be an object, in braces",
    "model_attributes_type": "should be an object, in braces",
    "dict_type": "should be an object, in braces",
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "string_type": "must be text, in quotes",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "name at least one",  # no list needs more
    "too_long": "at most {max_length}; there are {actual_length}",
    "string_too_short": "must not be empty",  # no text needs more
    "string_too_long": "at most {max_length} characters",
    "union_tag_invalid": "should be one of {expected_tags}",
    "union_tag_not_found": "this field is required: 'entra' or 'ad'",  # the only union with a tag
}
"""By pydantic's type of error. Its own texts for these speak of Python types."""
_FORMS = {
    VERSION_PATTERN: "write three whole numbers, like 2.0.0",
    HOST_NAME_PATTERN: "write the name of a session host, as the list of the pool's hosts has it",
    PLAN_PATTERN: "write the id of a plan, as the answer to what_if has it",
    ACCOUNT_PATTERN: "write the name of an account, or * for every account",
    NAME_PATTERN: "use letters, digits, dot, dash, underscore, at most 63; begin with a letter or digit",
    JOIN_SETTING_PATTERN: "name an app setting: JOIN_ and then capital letters, digits or underscores",
    SCOPE_PATTERN: "write the ARM id of a subscription or of a resource group",
    CLIENT_ID: "write the client id of a managed identity, or leave it empty",
    REGION_PATTERN: "write the name of an Azure region, like westeurope or West Europe",
}
"""What a pattern asks for, in words."""
MOST_PROBLEMS = 100
"""Maximum number of fields that one answer names."""
_LONGEST_NAME = 100
"""Characters of a name that are repeated."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+")


def parse[M: BaseModel](model: type[M], given: object) -> M:
    """Parse `given` into the model. Raises InvalidRequest naming each bad field once."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidRequest(problems_of(error, given)) from error


def problems_of(error: ValidationError, given: object) -> list[FieldProblem]:
    """Pydantic's errors as field problems, by the sender's names. Several errors of one field become one."""
    found: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_input=False):
        name = ".".join(_path(one["loc"], given, one["type"])) or "body"
        message = _message(one["type"], one["msg"], name, one.get("ctx", {}))
        if message not in found.setdefault(name, []):
            found[name].append(message)
    # A list with a bad item was not read to its end, so its other errors mean nothing.
    lists = {whole for name in found for whole in _lists_around(name)}
    text = {name: messages for name, messages in found.items() if name not in lists}
    problems = [FieldProblem(name, "; or ".join(messages)) for name, messages in islice(text.items(), MOST_PROBLEMS)]
    if len(text) > MOST_PROBLEMS:
        more = f"{len(text) - MOST_PROBLEMS} more fields are wrong; correct these first"
        problems.append(FieldProblem("body", more))
    return problems


def _lists_around(name: str) -> Iterator[str]:
    """The lists that a field is in, or in an item of: `windows` of `windows.0.days`."""
    parts = name.split(".")
    return (".".join(parts[:at]) for at, part in enumerate(parts) if at and part.isdigit())


def _path(loc: Sequence[int | str], given: object, kind: str) -> list[str]:
    """`loc` as the sender knows it: without the names of union members, which are internal."""
    path: list[str] = []
    here: Any = given
    if kind.startswith("union_tag"):
        loc = (*loc, "kind")
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if _holds(here, part):
            here = here[part]
        elif not (last and kind in {"missing", "union_tag_not_found"}):
            continue
        path.append(one_line(str(part), _LONGEST_NAME))
    return path


def _holds(here: object, part: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _message(kind: str, text: str, name: str, facts: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        words = _WORDS.sub("_", name.rpartition(".")[2]).lower()
        return _KEPT if words in KEPT_FROM_THE_POOL else _UNKNOWN
    if kind in _IN_WORDS:
        return _IN_WORDS[kind].format_map(facts)
    if kind == "string_pattern_mismatch":
        return _FORMS.get(str(facts["pattern"]), text)
    text = text.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]
