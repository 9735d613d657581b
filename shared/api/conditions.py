"""Conditions of a change: `If-Match` and `If-None-Match` against the tag of what is stored (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pydantic import Field

from shared.core.errors import PreconditionFailed
from shared.models.base import Value

ANY = "*"
"""Matches whatever exists."""
CONTENT_SEPARATOR = "."
"""In the tag of a read: before it the tag of the settings, after it that of the whole content."""


class Tagged(Value):
    """An answer whose `ETag` names the settings as they are stored; that of a read names its content as well."""

    etag: str = Field(default="", exclude=True)


class Marked(Value):
    """An answer about the hosts of a rollout, with `as_of` and `mark`.

    Two workers that find the same state find it at moments of their own. Those are not part of the tag: nothing is new
    to a reader whose last answer came from the other worker.
    """

    def own_moments(self) -> tuple[tuple[str, str], ...]:
        """Texts of its JSON with the moments of this worker, and what stands for them in the tag."""
        as_of, mark = getattr(self, "as_of", None), getattr(self, "mark", "")
        if as_of is None or not mark:
            return ()
        state = mark.rpartition("-")[0]
        found = self.model_dump_json(include={"as_of"}).strip("{}")
        return (found, '"as_of":'), (f'"mark":"{mark}"', f'"mark":"{state}"')


def entity_tag(registration: Value) -> str:
    """The `ETag` of a registration: a digest of its settings, in quotes.

    So it changes with every change of a setting, and does not change when a rollout writes its own facts to the same
    row: somebody who edits the settings is not interrupted by that.
    """
    text = registration.model_dump_json(by_alias=True, exclude_defaults=True)
    return f'"{hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]}"'


@dataclass(frozen=True)
class Condition:
    """The tags in `If-Match` and `If-None-Match`; None without the header."""

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    def check(self, kind: str, name: str, stored: Value | None) -> None:
        """Raises PreconditionFailed unless what is stored (None: nothing) is as the request requires."""
        there = set() if stored is None else {ANY, entity_tag(stored)}
        if self.match is not None and not self.match & there:
            raise PreconditionFailed(
                f"This {kind} was changed since you read it. Read it again and repeat your change."
                if stored is not None
                else f"There is no {kind} called {name}."
            )
        if self.none_match is not None and self.none_match & there:
            raise PreconditionFailed(f"The {kind} {name} exists already. Read it first, or change it with PATCH.")
