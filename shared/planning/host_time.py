"""How long one host takes, measured on the hosts of this rollout. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from statistics import median

from shared.core.states import HostState
from shared.models.rollouts import RolloutHost


def measured_seconds(rows: Iterable[RolloutHost]) -> float | None:
    """The median time from a host's start to its return to service, in seconds; None before one was measured.

    A canary host is measured until its checks begin, because the bake time is waiting, not work. Failed hosts do not
    count.
    """
    seconds = [time for row in rows if (time := _seconds(row)) is not None]
    return median(seconds) if seconds else None


def host_time(rows: Iterable[RolloutHost], first_guess: timedelta) -> timedelta:
    """How long the next host is expected to take: the median so far, or `first_guess` before one was measured."""
    seconds = measured_seconds(rows)
    return first_guess if seconds is None else timedelta(seconds=seconds)


def _seconds(row: RolloutHost) -> float | None:
    proving = row.state is HostState.VERIFYING or row.state is HostState.DONE
    since = row.check.proving_since if proving else None
    until = since or (row.ended_at if row.state is HostState.DONE else None)
    if row.taken_at is None or until is None or until < row.taken_at:
        return None
    return (until - row.taken_at).total_seconds()
