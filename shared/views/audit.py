"""The record as people with the right to audit see it: entries of accounts that they have all of."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from shared.api.audit import (
    AuditEntryView,
    AuditQuery,
    BrokenLinkView,
    RefusalView,
    VerifiedView,
)
from shared.api.common import Listed
from shared.audit.seal import check_signatures
from shared.audit.verify import verify
from shared.core.errors import InvalidRequest
from shared.core.ids import newest_first_moment
from shared.models.access.roles import Reach
from shared.models.audit import AuditEntry
from shared.ports.paging import continuation_after
from shared.services import Services

MOST_READ = 5_000
"""Maximum number of entries that one request reads. A page may then be short, and still have a continuation."""
VERIFY_SECONDS = 20.0
"""How long a request verifies at most: the platform ends requests after 230 s, and people sooner."""
_PLACE = re.compile(r"([0-9]{4}-[0-9]{2})/([0-9a-z-]{0,64})")


def list_entries(services: Services, reach: Reach, query: AuditQuery) -> Listed[AuditEntryView]:
    """A page of the record, newest first. Raises InvalidRequest for a bad continuation."""
    month, after = _start(services, query)
    months = [one for one in _months(services) if one <= month]
    found: list[AuditEntryView] = []
    left = MOST_READ
    for one in months:
        for entry in _entries(services, one, after if one == month else "", query):
            if query.from_ and entry.at < query.from_:
                return Listed(items=found)
            left -= 1
            if _matches(entry, query) and reach.covers(entry.accounts):
                found.append(AuditEntryView.model_validate(entry.model_dump(include=set(AuditEntryView.model_fields))))
            if len(found) >= query.limit or left <= 0:
                return Listed(items=found, continuation=_token(entry))
        if query.from_ and one <= f"{query.from_.astimezone(UTC):%Y-%m}":
            break
    return Listed(items=found)


def list_refusals(
    services: Services, reach: Reach, *, month: str | None, limit: int, continuation: str | None
) -> Listed[RefusalView]:
    """A page of the refused writes of a month, newest hour first. Whose they were, nobody can say: all or nothing."""
    if not reach.everything:
        return Listed(items=[])
    page = services.refusals.page(month or _months(services)[0], limit=limit, continuation=continuation)
    fields = set(RefusalView.model_fields)
    items = [RefusalView.model_validate(row.model_dump(include=fields)) for row in page.rows]
    return Listed(items=items, continuation=page.continuation)


def verify_record(services: Services, month: str | None) -> VerifiedView:
    """Whether the chains of a month, or of all kept months, are whole. Raises InvalidRequest for one not kept."""
    months = _months(services)
    if month and month not in months:
        raise InvalidRequest.one("month", f"only months from {months[-1]} to {months[0]} are kept")
    checked = verify(services.audit, [month] if month else months, months.__contains__, seconds=VERIFY_SECONDS)
    if services.seals is not None:
        check_signatures(services.seals, checked)
    link = checked.first
    return VerifiedView(
        whole=not checked.broken,
        complete=checked.complete,
        months=checked.months,
        entries=checked.entries,
        unchained=checked.unchained,
        signed=checked.signed,
        signatures_read=checked.signatures_read,
        broken=len(checked.broken),
        first=BrokenLinkView(
            month=link.month, writer=link.writer, sequence=link.sequence, at=link.at, why=link.why
        ) if link else None,
    )  # fmt: skip


def csv_of(listed: Listed[AuditEntryView]) -> str:
    """The page as CSV (RFC 4180) with a line of names. A cell that a spreadsheet would take for a formula begins with
    an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = list(AuditEntryView.model_fields)
    writer.writerow(names)
    for entry in listed.items:
        fields = entry.model_dump(mode="json")
        writer.writerow([_cell(fields[name]) for name in names])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _entries(services: Services, month: str, after: str, query: AuditQuery) -> Iterator[AuditEntry]:
    """The entries of a month after a row, newest first, page by page."""
    names = ("action", "subject", "kind", "pool", "image", "rollout", "correlation")
    equal = {name: value for name in names if (value := getattr(query, name))}
    token = continuation_after(after) if after else None
    while True:
        page = services.audit.page(month, limit=500, continuation=token, **equal)
        yield from page.rows
        token = page.continuation
        if token is None:
            return


def _matches(entry: AuditEntry, query: AuditQuery) -> bool:
    if query.to and entry.at >= query.to:
        return False
    if query.who and query.who not in {entry.who, entry.caller}:
        return False
    return not query.account or query.account in entry.accounts


def _start(services: Services, query: AuditQuery) -> tuple[str, str]:
    """Month and row after which the page starts."""
    if query.continuation:
        return _place(query.continuation)
    newest = services.now().astimezone(UTC)
    if query.to and query.to < newest:
        return f"{query.to.astimezone(UTC):%Y-%m}", newest_first_moment(query.to)
    return f"{newest:%Y-%m}", ""


def _token(entry: AuditEntry) -> str:
    return base64.urlsafe_b64encode(f"{entry.month}/{entry.id}".encode()).decode().rstrip("=")


def _place(token: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        text = ""
    found = _PLACE.fullmatch(text)
    if not found:
        raise InvalidRequest.one("continuation", "not a continuation of this list")
    return found[1], found[2]


def _months(services: Services) -> list[str]:
    """The kept months, the newest first."""
    today: datetime = services.now().astimezone(UTC)
    this_month = today.year * 12 + today.month - 1
    months = []
    for back in range(services.settings.audit_keep_months + 1):
        year, month = divmod(this_month - back, 12)
        months.append(f"{year:04d}-{month + 1:02d}")
    return months
