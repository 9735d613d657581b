"""Messages shown to people: a code for programs, a text, and the time, the number and the link that belong to it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from pydantic import Field

from shared.core.codes import Code
from shared.core.errors import AzureError
from shared.models.base import UtcTime, Value


def _is_none(value: object) -> bool:
    return value is None


class Message(Value):
    """A message shown to people.

    `text` is complete without the other fields, and holds no moment in UTC and no route, so that a page can show `at`
    in the reader's time zone and `href` as a link. Fields that say nothing are left out.
    """

    code: str = Field(json_schema_extra={"examples": [code.value for code in Code]})
    """What it says, for programs. Any text: a newer deployment may have stored a code that is unknown here."""
    text: str
    at: UtcTime | None = Field(default=None, exclude_if=_is_none)
    """The time that the text is about."""
    count: int | None = Field(default=None, exclude_if=_is_none)
    """The number in it."""
    href: str | None = Field(default=None, exclude_if=_is_none)
    """Where to read more, or what is in the way. A GET of it is answered."""

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=1_024)
def message(
    code: Code, text: str, *, at: datetime | None = None, count: int | None = None, href: str | None = None
) -> Message:
    """A message with one of the known codes. Cached: a pass over a pool tells thousands of hosts the same."""
    return Message(code=code.value, text=text, at=at.astimezone(UTC) if at else None, count=count, href=href)


def quote(text: str) -> str:
    """Words of somebody else (an error of Azure, say) inside a text, marked as such."""
    return f"“{text.rstrip('.')}”"


def sentence(text: str) -> str:
    """A clause as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def error_text(error: Exception) -> str:
    """An error inside a text: our own as it is, Azure's as a quotation."""
    return quote(str(error)) if isinstance(error, AzureError) else str(error)


def text_of(shown: Message | None) -> str:
    """The text of a message; empty without one."""
    return shown.text if shown else ""
