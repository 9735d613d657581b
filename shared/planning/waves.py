"""How many hosts are updated at once, and how long many hosts take in waves and windows. Pure.

The batch doubles after successful batches and halves after a failure. The estimate is rough: hosts go in waves, and
each takes the same time. In truth the next one begins as soon as one ends.
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
    """So many hosts may be in work after these results (True: it went well), the oldest first.

    It begins with `start`. As many clean results in a row as hosts were dared double it, up to `limit`; a failure
    halves it, down to 1. Never below 1, so that what is to be proved can be proved.
    """
    dared, clean = max(1, min(start, limit)), 0
    for went_well in results:
        clean = clean + 1 if went_well else 0
        if not went_well:
            dared = max(1, dared // 2)
        elif clean >= dared:
            dared, clean = max(1, min(2 * dared, limit)), 0
    return dared


def results(rows: Iterable[RolloutHost], *, back: bool) -> list[bool]:
    """How the hosts that were rebuilt came out, in the order in which they ended; ties go by name.

    `back`: only those that were brought back to what they were, else only those that were brought forward.
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
"""Beyond it nobody can say when the last host is through."""

_LEAST = timedelta(seconds=1)


def waves_needed(hosts: int, at_once: int, dared: int) -> int:
    """In how many rounds so many hosts go: `dared` in the first, twice as many in each later one, up to `at_once`."""
    batch_size, needed = max(1, min(dared, at_once)), 0
    while hosts > 0 and batch_size < at_once:
        hosts, needed, batch_size = hosts - batch_size, needed + 1, min(2 * batch_size, at_once)
    return needed + math.ceil(max(0, hosts) / batch_size)


def end_of_waves(number: int, each: timedelta, windows: tuple[Window, ...], zone: str, start: datetime) -> datetime:
    """When so many rounds are through, each begun where it fits into a window; more than FARTHEST ahead: never."""
    each = max(each, _LEAST)
    moment = start
    while number > 0 and moment <= start + FARTHEST:
        moment = room_at(windows, zone, moment, each)
        closes = open_until(windows, zone, moment) or moment
        fit = min(number, max(1, (closes - moment) // each), FARTHEST // each + 1)
        moment, number = moment + fit * each, number - fit
    return moment


def waves_until_closing(each: timedelta, windows: tuple[Window, ...], zone: str, start: datetime) -> int:
    """How many rounds fit in from `start` until work is to stop; one that fits into no window is begun all the same."""
    closes = open_until(windows, zone, start) or start
    return max(1, (closes - start) // max(each, _LEAST))


def hosts_in_waves(number: int, at_once: int, dared: int) -> int:
    """How many hosts go in so many rounds: the reverse of `rounds`."""
    batch_size, hosts = max(1, min(dared, at_once)), 0
    while number > 0 and batch_size < at_once:
        hosts, number, batch_size = hosts + batch_size, number - 1, min(2 * batch_size, at_once)
    return hosts + number * batch_size
