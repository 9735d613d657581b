"""What a look says about a host we drained: settled or not, empty since when. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.states import HostState, transition_host
from shared.models.azure import SessionHost
from shared.models.rollouts import RolloutHost
from shared.planning.values import DRAINED_STATES

GONE_AFTER = timedelta(minutes=2)
"""A host that no list has shown for so long is not in the host pool any more."""


def observe(row: RolloutHost, seen: SessionHost | None, settle: timedelta, now: datetime) -> RolloutHost:
    """The row as this look leaves it.

    A drained host counts as empty from the first look, at least `settle` after the drain, that finds no
    session; any session found later takes that back. A host that accepts sessions again (somebody
    undrained it) has to be drained anew: its `drained_at` is forgotten.
    """
    if row.state.in_work or row.state.ended:
        return row  # its own orchestration writes it, or nobody does any more
    if seen is None and row.out_of_pool:
        return row  # we took it out ourselves
    if seen is None:
        return keep(row, sessions=0, missing_since=row.missing_since or now, empty_since=None)
    row = keep(row, missing_since=None, out_of_pool=False)
    sessions = seen.sessions
    if row.state not in DRAINED_STATES:
        return keep(row, sessions=sessions)
    if seen.accepting:
        return keep(row, sessions=sessions, drained_at=None, empty_since=None)
    if row.drained_at is None or now < row.drained_at + settle:
        return keep(row, sessions=sessions, empty_since=None)
    if sessions == 0:
        return keep(row, sessions=0, empty_since=row.empty_since or now)
    state = row.state
    if state is HostState.DRAINING:
        state = transition_host(row.host, state, HostState.WAITING_FOR_LOGOFF)
    return keep(row, sessions=sessions, empty_since=None, state=state)


def gone(row: RolloutHost, now: datetime) -> bool:
    """Whether a host has left the host pool: one list that misses it is no proof."""
    return row.missing_since is not None and now >= row.missing_since + GONE_AFTER


def ready(row: RolloutHost, settle: timedelta, now: datetime) -> bool:
    """Whether a drained host was empty at two looks `settle` apart, so that it may be rebuilt."""
    return row.state in DRAINED_STATES and row.empty_since is not None and now >= row.empty_since + settle


def keep(row: RolloutHost, **changes: object) -> RolloutHost:
    """The same object when nothing changed, so that an unchanged row is not written."""
    changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
    return row.model_copy(update=changed) if changed else row
