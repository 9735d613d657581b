"""Writes the record: who did what. What is destructive is recorded before it is done, and again with how it ended."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from shared.core.asking import About, asker
from shared.core.errors import AzureBusy, AzureError, FreshcoatError
from shared.models.audit import AuditEntry, EntryKind
from shared.services import Services

_log = logging.getLogger(__name__)
_NOTHING = About()


class NotRecorded(AzureBusy):
    """The record cannot be written now, so what was to be recorded first was not done."""

    def __init__(self, cause: FreshcoatError) -> None:
        status, after = (cause.http_status, cause.retry_after) if isinstance(cause, AzureError) else (None, None)
        super().__init__("record", status, "NotRecorded", str(cause), retry_after=after)

    def __str__(self) -> str:
        return "The record of changes cannot be written now, so nothing was changed. Try again in a moment."


@dataclass(frozen=True)
class Deed:
    """Something to be recorded before it is done: who does what to which subject, for whom."""

    who: str
    action: str
    subject: str
    asked: str = ""
    """As JSON."""
    about: About = _NOTHING


def audit(
    services: Services,
    who: str,
    action: str,
    subject: str,
    detail: str = "",
    *,
    before: str = "",
    after: str = "",
    about: About = _NOTHING,
) -> None:
    """Write an entry about a completed action. If that fails, the entry is logged and the action stands.

    `about` completes what who asks now says.
    """
    entry = _entry(services, Deed(who, action, subject, about=about)).model_copy(
        update={"before": before, "after": after, "detail": detail}
    )
    try:
        services.audit_writer.append(services.audit, entry)
    except FreshcoatError as error:
        text = (action, who, subject, before, after, detail, entry.correlation, error)
        _log.warning("No audit entry: %s by %s on %s (%s -> %s, %s, %s): %s", *text)


def record_intent(services: Services, deed: Deed) -> None:
    """Record that something is about to be done. Raises NotRecorded: then it must not be done."""
    entry = _entry(services, deed).model_copy(update={"kind": EntryKind.INTENT, "asked": deed.asked})
    try:
        services.audit_writer.append(services.audit, entry)
    except FreshcoatError as error:
        _log.warning("No intent in the record: %s by %s on %s: %s", deed.action, deed.who, deed.subject, error)
        raise NotRecorded(error) from error


def record_outcome(
    services: Services, deed: Deed, *, detail: str = "", status: int | None = None, before: str = "", after: str = ""
) -> None:
    """Record how it ended. If that fails, it is logged: the intent stays without an outcome, which is no proof that
    nothing happened."""
    ended = {"kind": EntryKind.OUTCOME, "detail": detail, "status": status, "before": before, "after": after}
    entry = _entry(services, deed).model_copy(update=ended)
    try:
        services.audit_writer.append(services.audit, entry)
    except FreshcoatError as error:
        text = (deed.action, deed.who, deed.subject, status or "", detail, entry.correlation, error)
        _log.warning("No outcome in the record: %s by %s on %s (%s %s, %s): %s", *text)


def count_refusal(services: Services, route: str, status: int) -> None:
    """Count a refused write of the current caller. If the count cannot be stored, that is logged."""
    now_asking = asker()
    counter = services.refusal_counter
    due = counter.count(
        services.now(),
        caller=now_asking.id,
        who=now_asking.name,
        address=now_asking.address,
        route=route,
        status=status,
    )
    if due is None:
        return
    key, row, stored = due
    try:
        counter.written(key, services.refusals.replace(row) if stored else services.refusals.add(row))
    except FreshcoatError as error:
        counter.not_written(key)
        _log.warning("A refusal was not counted: %s at %s by %s: %s", status, route, now_asking.name, error)


def _entry(services: Services, deed: Deed) -> AuditEntry:
    now_asking = asker()
    about = deed.about.over(now_asking.about)
    return AuditEntry(
        id="",  # the writer gives it
        at=services.now(),
        who=deed.who,
        action=deed.action,
        subject=deed.subject,
        caller=(now_asking.id or now_asking.behalf_of) if deed.who == now_asking.name else "",
        address=now_asking.address,
        client=now_asking.client,
        correlation=now_asking.correlation,
        accounts=about.accounts,
        pool=about.pool,
        image=about.image,
        rollout=about.rollout,
    )
