"""The events that follow from changes of host rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from shared.core.codes import Code
from shared.core.states import HostState
from shared.core.steps import during
from shared.core.wording import counted
from shared.history.rollout_events import event, is_kept
from shared.models.base import iso
from shared.models.history.rollout_events import EventKind, RolloutEvent
from shared.models.host_parts import Told
from shared.models.messages import Message, message, quote
from shared.models.rollouts import Rollout, RolloutHost

MOST_NAMED = 50
"""How many hosts an event about several hosts names at most."""


def end_of_host(rollout: Rollout, row: RolloutHost) -> RolloutEvent | None:
    """How the host ended. None while it has not, and for a host that was left as it was."""
    kind = _kind_of_end(row)
    if kind is None or row.ended_at is None or not is_kept(rollout, kind):
        return None
    seconds = (row.ended_at - row.taken_at).total_seconds() if row.taken_at else None
    facts = {
        "version": row.version,
        "from_version": row.found.from_version,
        "strategy": row.rebuild.strategy,
        "attempt": row.attempt if row.attempt > 1 else None,
        "seconds": round(seconds) if seconds is not None else None,
        "step": row.step if kind is EventKind.HOST_FAILED else "",
        "failed_by": row.failed_by.value if row.failed_by else "",
    }
    return event(rollout, kind, row.ended_at, _text_of_end(row, kind), host=row.host, data=facts)


def _kind_of_end(row: RolloutHost) -> EventKind | None:
    match row.state:
        case HostState.DONE:
            return EventKind.HOST_DONE
        case HostState.FAILED:
            return EventKind.HOST_FAILED
        case HostState.SKIPPED if row.taken_at is not None:
            return EventKind.HOST_SKIPPED
        case _:
            return None


def _text_of_end(row: RolloutHost, kind: EventKind) -> Message:
    if kind is EventKind.HOST_DONE:
        code, how = (Code.ROLLED_BACK, "back on") if row.rolling_back else (Code.UPDATED, "on")
        return message(code, f"{row.host} is {how} version {row.version} and in service.")
    if kind is EventKind.HOST_FAILED:
        return message(Code.HOST_FAILED, f"{row.host} failed: {quote(row.error or during(row.step) or 'unknown')}.")
    return row.reason or message(Code.NOT_UPDATED, f"{row.host} was not updated.")


def ends_of_hosts(
    rollout: Rollout, before: Mapping[str, RolloutHost], after: Mapping[str, RolloutHost]
) -> Iterator[RolloutEvent]:
    """The hosts that ended between two writes of their rows."""
    for host, row in after.items():
        was = before.get(host)
        if row.state.ended and (was is None or was.ended_at != row.ended_at) and (end := end_of_host(rollout, row)):
            yield end


def people_told(
    rollout: Rollout, before: Mapping[str, RolloutHost], after: Mapping[str, RolloutHost], at: datetime
) -> Iterator[RolloutEvent]:
    """Who was warned in a pass that ends now, as one event, and who was signed out, as one event for each host."""
    warned = {host: told for host, row in after.items() if (told := _told(before.get(host), row))}
    if warned and is_kept(rollout, EventKind.WARNED):
        people = sum(map(len, warned.values()))
        first = min(deadline for told in warned.values() for one in told if (deadline := one.deadline))
        text = f"{counted(people, 'session')} warned of the sign-out."
        said = message(Code.USERS_WARNED, text, at=first, count=people)
        facts = {"sessions": people, "hosts": sorted(warned)[:MOST_NAMED], "deadline": iso(first)}
        yield event(rollout, EventKind.WARNED, at, said, data=facts)
    for host, row in after.items():
        was = before.get(host)
        ended = set(row.signed_out) - set(was.signed_out if was else ())
        if ended and row.drain.signed_out_last and is_kept(rollout, EventKind.SIGNED_OUT):
            text = f"{counted(len(ended), 'session')} signed out of {host}."
            said = message(Code.SIGNED_OUT, text, count=len(ended))
            asked_at = row.drain.signed_out_last
            yield event(rollout, EventKind.SIGNED_OUT, asked_at, said, host=host, data={"sessions": len(ended)})


def _told(before: RolloutHost | None, after: RolloutHost) -> list[Told]:
    """What sessions were told between two writes of the row, of a moment at which they are signed out."""
    known = before.warnings.told if before else {}
    if after.warnings.told is known:
        return []
    return [told for session, told in after.warnings.told.items() if told.deadline and known.get(session) != told]
