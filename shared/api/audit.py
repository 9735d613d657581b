"""The record of who did what: queries and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from shared.api.common import PageQuery, Query
from shared.models.audit import EntryKind
from shared.models.base import Name, UtcTime, Value

_Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-z-]{1,64}$")]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
"""`2026-11`, in UTC."""


class AuditQuery(PageQuery):
    """A page of the record, newest first, of what all given filters accept."""

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    """Only entries of this moment and later; with an offset or `Z`."""
    to: AwareDatetime | None = None
    """Only entries before this moment."""
    who: _Text | None = None
    """Name or id of the caller."""
    action: _Text | None = None
    subject: _Text | None = None
    kind: EntryKind | None = None
    pool: Name | None = None
    image: Name | None = None
    account: Name | None = None
    rollout: _Id | None = None
    correlation: _Id | None = None
    format: Literal["json", "csv"] | None = None
    """Default: by the header `Accept`, else JSON."""


class AuditEntryView(Value):
    """One entry of the record."""

    id: str
    at: UtcTime
    kind: EntryKind
    """`intent`: about to be done. `outcome`: how it ended. `change`: what was decided or changed, in words."""
    who: str
    caller: str
    """Id of the caller; empty for what the app does by itself."""
    address: str
    client: str
    action: str
    subject: str
    detail: str
    asked: str
    """What was asked, as JSON."""
    status: int | None
    before: str
    after: str
    """The changed value before and after; in an outcome, JSON of the changed fields."""
    accounts: list[str]
    pool: str
    image: str
    rollout: str
    correlation: str
    """Shared by all entries of one request, by the log, and by the calls to ARM (`x-ms-correlation-request-id`)."""
    writer: str
    sequence: int
    previous: str
    digest: str
    """Place in the chain of its writer, and SHA-256 of the entry before and of this one."""


class VerifyQuery(Query):
    """Which month to verify; all kept months by default."""

    month: Month | None = None


class BrokenLinkView(Value):
    """Where a chain is broken."""

    month: str
    writer: str
    sequence: int
    at: UtcTime
    why: str


class VerifiedView(Value):
    """Whether the record is as it was written."""

    whole: bool
    """No broken link was found."""
    complete: bool
    """False: time was up before the oldest entries. Ask for one month at a time."""
    months: list[str]
    """Months that were looked at to their ends, newest first."""
    entries: int
    unchained: int
    """Entries from before there were chains. Nothing proves them."""
    signed: list[str]
    """Months whose entries are those that were signed when the month was over."""
    signatures_read: bool
    """False: the key or the signatures could not be read now. Nothing is said about them then."""
    broken: int
    """Broken links that were found."""
    first: BrokenLinkView | None
    """The oldest of them."""


class RefusalsQuery(PageQuery):
    """A page of the counts of refused writes of a month; by default the current one."""

    month: Month | None = None


class RefusalView(Value):
    """How often one worker refused writes of one caller at one route with one status within an hour."""

    hour: UtcTime
    who: str
    caller: str
    """Id of the caller; empty for one that did not prove who it is; `others`: too many callers for a count of each."""
    address: str
    route: str
    status: int
    count: int
    """At least so many: the last ten seconds of a flood may be missing."""
    first_at: UtcTime
    last_at: UtcTime
