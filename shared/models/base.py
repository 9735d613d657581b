"""The base classes of all models, and field types that several models share."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from shared.core.errors import NewerRow
from shared.core.plain_text import is_one_line

UtcTime = AwareDatetime
"""A date and time with a zone, stored and sent in UTC."""

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
VERSION_PATTERN = r"^(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})$"

HOST_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A name: letters, digits, dot, dash, underscore; 1 to 63 characters. Safe as a table key."""

VersionText = Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]
"""`major.minor.patch`, three integers in ASCII digits without leading zeros, as a compute gallery names a
version."""


def _line(text: str) -> str:
    if not is_one_line(text):
        raise ValueError("write one line, without control characters and marks of the writing direction")
    return text


ONE_LINE = AfterValidator(_line)
"""For texts that people are shown or that are logged."""


def _whole(given: object) -> object:
    """pydantic also reads `+1`, `1_0`, `01` and `true` as numbers."""
    if isinstance(given, bool) or (isinstance(given, str) and not _WHOLE.fullmatch(given)):
        raise ValueError("must be a whole number")
    return given


_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,9}")
WHOLE = BeforeValidator(_whole)
"""For whole numbers; in a query, ASCII digits without leading zeros."""

HIGHEST_PART = 2**31 - 1
"""The highest integer that a compute gallery accepts in a version: 31 bits."""


def _within_bounds(version: str) -> str:
    if max(version_key(version)) > HIGHEST_PART:
        raise ValueError(f"no part of a version may be above {HIGHEST_PART}")
    return version


AskedVersion = Annotated[VersionText, AfterValidator(_within_bounds)]
"""A version in a request."""


SCHEMA_VERSION = 1
"""The layout of the rows that this code writes. Raise it when a row gets a column that older code must not drop."""


class Value(BaseModel):
    """A frozen value. Unknown fields are refused, so that a misspelt option is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)

    def replace(self, **changes: Any) -> Self:
        """A copy with these fields changed, or the value itself if nothing changes.

        So an unchanged row can be recognised by identity, and is not written. Raises TypeError for an unknown field.
        """
        fields = self.__dict__
        if unknown := changes.keys() - fields.keys():
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        changed = {name: value for name, value in changes.items() if fields[name] != value}
        return self.model_copy(update=changed) if changed else self


class Part(Value):
    """Fields of a record that are reset together. All have defaults; a part with only defaults is not stored."""


class Record(Value):
    """A value stored as one table row.

    `etag` identifies the row's last read state; None before the first write. It is not part of the content. The store
    refuses a write with a stale etag. A row with a newer `schema_version` can be read, but not written.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer version of the app may have written more

    schema_version: int = SCHEMA_VERSION
    etag: str | None = Field(default=None, exclude=True, repr=False)

    def written_over(self, stored: Self | None) -> Self:
        """This record with the etag and schema version of the stored one, to replace it. None: to be added."""
        etag, version = (stored.etag, stored.schema_version) if stored else (None, self.schema_version)
        return self.model_copy(update={"etag": etag, "schema_version": version})


def refuse_newer(*records: Record) -> None:
    """Raises NewerRow if a newer version of the app wrote one of the records: writing it would lose its columns."""
    for record in records:
        if record.schema_version > SCHEMA_VERSION:
            raise NewerRow(type(record).__name__)


def version_key(version: str) -> tuple[int, int, int]:
    """The version as three integers. Versions are only compared by this key.

    Raises ValueError when the text is not `major.minor.patch`.
    """
    major, minor, patch = version.split(".")
    return int(major), int(minor), int(patch)


def region_key(name: str) -> str:
    """A region's name as ARM normalises it: `West Europe` is `westeurope`."""
    return name.replace(" ", "").lower()


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 text in its zone, seconds precision; None stays None."""
    return moment.isoformat(timespec="seconds") if moment else None
