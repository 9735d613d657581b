"""How a registration is changed: as a whole (PUT), or field by field (PATCH)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from shared.api.conditions import Condition
from shared.api.merge_patch import MergePatch
from shared.core.errors import FieldProblem, NotFound, WouldReset
from shared.models.base import Value

_LONGEST = 60
"""Characters of a value that a text repeats."""


class Edit[M: Value](Protocol):
    """A change of a registration `M`. It is decided again whenever the stored one was changed in the meantime."""

    def applied_to(self, stored: M | None, kind: str, name: str) -> M:
        """The registration as requested. `stored` None: there is none yet.

        Raises PreconditionFailed, InvalidRequest, NotFound.
        """

    def check_resets(self, stored: M | None, wanted: M) -> None:
        """Raises WouldReset when a stored setting would be lost that the request does not name.

        `wanted`: what would be stored, with the defaults that are taken from elsewhere.
        """


@dataclass(frozen=True)
class Put[M: Value]:
    """Replaces a registration, or makes it. Its settings must be named to be reset."""

    whole: M
    condition: Condition

    def applied_to(self, stored: M | None, kind: str, name: str) -> M:
        """The registration in the request. Raises PreconditionFailed."""
        self.condition.check(kind, name, stored)
        return self.whole

    def check_resets(self, stored: M | None, wanted: M) -> None:
        """Raises WouldReset naming every field that is left out and would change."""
        problems = [] if stored is None else [*_left_out(self.whole, stored, wanted)]
        if problems:
            raise WouldReset(problems)


@dataclass(frozen=True)
class Patch[M: Value]:
    """Changes the named settings of a registration that exists."""

    patch: MergePatch[M]
    condition: Condition

    def applied_to(self, stored: M | None, kind: str, name: str) -> M:
        """The stored registration with the changes. Raises NotFound, PreconditionFailed, InvalidRequest."""
        if stored is None:
            raise NotFound(kind, name)
        self.condition.check(kind, name, stored)
        return self.patch.applied_to(stored)

    def check_resets(self, stored: M | None, wanted: M) -> None:
        """Nothing is reset that is not named."""


def changed_fields(before: Value, after: Value) -> list[str]:
    """The names of the settings that differ."""
    return [name for name in type(after).model_fields if getattr(before, name) != getattr(after, name)]


def _left_out(asked: Value, stored: Value, wanted: Value, path: str = "") -> Iterator[FieldProblem]:
    """The fields that were left out and whose stored value would change, also inside of fields that were not."""
    for name in changed_fields(stored, wanted):
        old, new, given = (getattr(one, name) for one in (stored, wanted, asked))
        if name not in asked.model_fields_set:
            yield FieldProblem(f"{path}{name}", _would_change(old, new))
        elif isinstance(old, Value) and type(old) is type(new) is type(given):
            yield from _left_out(given, old, new, f"{path}{name}.")


def _would_change(old: object, new: object) -> str:
    before, after = _short(old), _short(new)
    if before and after:
        return f"{before} is stored and would become {after}; name this field to change it"
    return f"{before or 'a value'} is stored and would be reset; name this field to change it"


def _short(value: object) -> str:
    """A simple value as text; empty for one that is too long to be repeated, or for none."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, str | int) else ""
    return text if len(text) <= _LONGEST else ""
