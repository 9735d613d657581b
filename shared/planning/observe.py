"""What one pass learns about a drained host: whether it has settled, and since when it is empty. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.states import HostState, transition_host
from shared.models.azure import SessionHost
from shared.models.host_parts import Drain
from shared.models.rollouts import RolloutHost
from shared.planning.values import DRAINED_STATES

GONE_AFTER = timedelta(minutes=2)
"""A host that has been missing from every list for this long has left the host pool."""


def observe(row: RolloutHost, seen: SessionHost | None, settle: timedelta, now: datetime) -> RolloutHost:
    """The row after this pass.

    A drained host counts as empty from the first pass, at least `settle` after the drain, that finds no session. A
    session found later clears `empty_since`. If somebody undrained the host, `drained_at` is cleared, and
    `undrained_at` is set until the host is drained again.
    """
    if row.state.in_work or row.state.ended:
        return row  # written by its own orchestration, or final
    if seen is None and row.removed_from_pool:
        return row  # we removed it from the pool ourselves
    drain = row.drain
    if seen is None:
        return row.replace(sessions=0, missing_since=row.missing_since or now, drain=drain.replace(empty_since=None))
    row = row.replace(missing_since=None, removed_from_pool=False)
    sessions = seen.sessions
    if not seen.accepting:
        drain = drain.replace(undrained_at=None)
    if row.state not in DRAINED_STATES:
        return row.replace(sessions=sessions, drain=drain)
    if seen.accepting:
        return row.replace(sessions=sessions, drain=undrained(row, seen, now))
    if drain.drained_at is None or now < drain.drained_at + settle:
        return row.replace(sessions=sessions, drain=drain.replace(empty_since=None))
    if sessions == 0:
        return row.replace(sessions=0, drain=drain.replace(empty_since=drain.empty_since or now))
    state = row.state
    if state is HostState.DRAINING:
        state = transition_host(row.host, state, HostState.WAITING_FOR_LOGOFF)
    return row.replace(sessions=sessions, drain=drain.replace(empty_since=None), state=state)


def undrained(row: RolloutHost, seen: SessionHost, now: datetime) -> Drain:
    """The drain of a host that accepts sessions. If we had drained this VM before, somebody else has undrained it."""
    drain = row.drain
    by_others = drain.drained_at is not None and row.vm_id.lower() == seen.vm_id.lower()
    return drain.replace(
        drained_at=None, empty_since=None, undrained_at=drain.undrained_at or (now if by_others else None)
    )


def gone(row: RolloutHost, now: datetime) -> bool:
    """Whether a host has left the host pool. One list without it is no proof."""
    return row.missing_since is not None and now >= row.missing_since + GONE_AFTER


def ready(row: RolloutHost, settle: timedelta, now: datetime) -> bool:
    """Whether a drained host was empty in two passes `settle` apart, so that it may be rebuilt."""
    return row.state in DRAINED_STATES and row.drain.empty_since is not None and now >= row.drain.empty_since + settle
