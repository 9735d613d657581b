"""How long many hosts take when only some are dared at a time, and work only in its windows. Pure.

Rough on purpose: hosts go in rounds and each takes the same time. In truth the next one begins as soon as one ends.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from shared.models.windows import Window
from shared.planning.windows import open_until, room_at

FARTHEST = timedelta(days=366)
"""Beyond it nobody can say when the last host is through."""

_LEAST = timedelta(seconds=1)


def rounds(hosts: int, at_once: int, dared: int) -> int:
    """In how many rounds so many hosts go: `dared` in the first, twice as many in each later one, up to `at_once`."""
    width, needed = max(1, min(dared, at_once)), 0
    while hosts > 0 and width < at_once:
        hosts, needed, width = hosts - width, needed + 1, min(2 * width, at_once)
    return needed + math.ceil(max(0, hosts) / width)


def through(number: int, each: timedelta, windows: tuple[Window, ...], zone: str, start: datetime) -> datetime:
    """When so many rounds are through, each begun where it fits into a window; more than FARTHEST ahead: never."""
    each = max(each, _LEAST)
    moment = start
    while number > 0 and moment <= start + FARTHEST:
        moment = room_at(windows, zone, moment, each)
        closes = open_until(windows, zone, moment) or moment
        fit = min(number, max(1, (closes - moment) // each), FARTHEST // each + 1)
        moment, number = moment + fit * each, number - fit
    return moment


def rounds_until_closing(each: timedelta, windows: tuple[Window, ...], zone: str, start: datetime) -> int:
    """How many rounds fit in from `start` until work is to stop; one that fits into no window is begun all the same."""
    closes = open_until(windows, zone, start) or start
    return max(1, (closes - start) // max(each, _LEAST))


def hosts_in(number: int, at_once: int, dared: int) -> int:
    """How many hosts go in so many rounds: the reverse of `rounds`."""
    width, hosts = max(1, min(dared, at_once)), 0
    while number > 0 and width < at_once:
        hosts, number, width = hosts + width, number - 1, min(2 * width, at_once)
    return hosts + number * width
