"""The batch size, and how long many hosts take in waves and windows. Pure.

The batch size doubles after successful batches and halves after a failure. The estimate is rough: it assumes waves in
which each host takes the same time. In fact the next host starts as soon as one ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.core.states import HostState
from shared.models.rollouts import RolloutHost
from shared.models.windows import Window
from shared.planning.windows import open_until, room_at


def batch_size(results: Iterable[bool], start: int, limit: int) -> int:
    """How many hosts may be in work after these results (True: success), the oldest first.

    The batch size begins with `start`. A whole batch of successes in a row doubles it, up to `limit`. A failure halves
    it, but never below 1, because otherwise nothing could succeed any more.
    """
    batch, successes = max(1, min(start, limit)), 0
    for success in results:
        successes = successes + 1 if success else 0
        if not success:
            batch = max(1, batch // 2)
        elif successes >= batch:
            batch, successes = max(1, min(2 * batch, limit)), 0
    return batch


def results(rows: Iterable[RolloutHost], *, back: bool) -> list[bool]:
    """Whether each rebuilt host succeeded, in the order in which they ended; ties are ordered by name.

    `back`: only hosts that were rolled back, else only hosts that were updated.
    """
    ended = [
        row
        for row in rows
        if row.taken_at
        and row.ended_at
        and row.rolling_back is back
        and row.state in {HostState.DONE, HostState.FAILED}
    ]
    ended.sort(key=lambda row: (row.ended_at, row.host))
    return [row.state is HostState.DONE for row in ended]


FARTHEST = timedelta(days=366)
"""An end later than this cannot be estimated."""

_LEAST = timedelta(seconds=1)


def waves_needed(hosts: int, at_once: int, first_batch: int) -> int:
    """Number of waves for so many hosts: `first_batch` in the first wave, then double per wave, up to `at_once`."""
    batch, needed = max(1, min(first_batch, at_once)), 0
    while hosts > 0 and batch < at_once:
        hosts, needed, batch = hosts - batch, needed + 1, min(2 * batch, at_once)
    return needed + math.ceil(max(0, hosts) / batch)


def end_of_waves(number: int, each: timedelta, windows: tuple[Window, ...], zone: str, start: datetime) -> datetime:
    """When so many waves have ended if each starts where a window has enough time; more than FARTHEST ahead: never."""
    each = max(each, _LEAST)
    moment = start
    while number > 0 and moment <= start + FARTHEST:
        moment = room_at(windows, zone, moment, each)
        closes = open_until(windows, zone, moment) or moment
        fit = min(number, max(1, (closes - moment) // each), FARTHEST // each + 1)
        moment, number = moment + fit * each, number - fit
    return moment


def waves_until_closing(each: timedelta, windows: tuple[Window, ...], zone: str, start: datetime) -> int:
    """How many waves fit between `start` and the closing of the window; at least 1, as a long host starts anyway."""
    closes = open_until(windows, zone, start) or start
    return max(1, (closes - start) // max(each, _LEAST))


def hosts_in_waves(number: int, at_once: int, first_batch: int) -> int:
    """How many hosts so many waves hold: the inverse of `waves_needed`."""
    batch, hosts = max(1, min(first_batch, at_once)), 0
    while number > 0 and batch < at_once:
        hosts, number, batch = hosts + batch, number - 1, min(2 * batch, at_once)
    return hosts + number * batch
