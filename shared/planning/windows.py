"""When work is allowed: a policy's maintenance windows, expanded to intervals of time in the pool's zone. Pure.

The local time there counts. A time of day that a clock change skips is in no window on that day; a repeated one is in
its window twice. Windows that touch or overlap form one interval. Without windows, work is always allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule
from shared.models.windows import DAYS, Window

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of an interval that never ends."""

_DAY = timedelta(days=1)
_BEHIND = 16
_AHEAD = 40
"""Days that are expanded before and after a time. Windows repeat every week, but a clock change can skip one; a window
that has not opened or closed within 16 days never does."""
_NEAR = timedelta(days=24)
_A_WEEK = timedelta(days=8)

Interval = tuple[datetime, datetime]
"""An interval in which work is allowed without interruption, in UTC: start (included) and end (excluded)."""


def open_until(windows: tuple[Window, ...], zone: str, now: datetime) -> datetime | None:
    """Until when work is allowed without interruption (UTC). None: it is not allowed now; FOREVER: it always is."""
    if not windows:
        return FOREVER
    return next((closes for opens, closes in _intervals(windows, zone, now) if opens <= now), None)


def opens_at(windows: tuple[Window, ...], zone: str, now: datetime) -> datetime:
    """`now` if work is allowed, else the next opening."""
    return now if not windows else max(now, next(opens for opens, _ in _intervals(windows, zone, now)))


def window_at(windows: tuple[Window, ...], zone: str, now: datetime) -> Interval | None:
    """The interval in which `now` is, or else the next one (UTC); None if work is always allowed."""
    found = next(_intervals(windows, zone, now)) if windows else None
    return found if found and found[1] != FOREVER else None


def openings(windows: tuple[Window, ...], zone: str, now: datetime) -> list[datetime]:
    """The openings after `now`, the next one first; empty if work is always allowed."""
    return [opens for opens, _ in _intervals(windows, zone, now) if opens > now] if windows else []


def room_at(windows: tuple[Window, ...], zone: str, now: datetime, need: timedelta) -> datetime:
    """The first time from `now` on at which `need` fits in before the window closes.

    Work longer than every window must be possible too, and ends outside: it may start while half of the longest window
    is left. That includes its opening and leaves time for hosts to be drained and to settle.
    """
    if not windows:
        return now
    intervals = [(max(now, opens), closes) for opens, closes in _intervals(windows, zone, now)]
    week = [(opens, closes) for opens, closes in intervals if opens < now + _A_WEEK] or intervals[:1]
    if not any(opens + need <= closes for opens, closes in week):  # do not wait for a night that is an hour longer
        need = max(closes - opens for opens, closes in week) / 2
    return next((opens for opens, closes in intervals if opens + need <= closes), intervals[0][0])


def may_begin(windows: tuple[Window, ...], zone: str, now: datetime, need: timedelta) -> bool:
    """Whether work of this duration may start now: it ends before the window closes, or fits nowhere (`room_at`)."""
    return room_at(windows, zone, now, need) == now


def moved_into_window(
    schedule: Schedule, windows: tuple[Window, ...], zone: str, now: datetime, need: timedelta
) -> Schedule:
    """The schedule with its times moved to the next opening if a host, which needs `need`, may not start then.

    Used where nobody waits for an answer: later rings and fleet updates. `now` outside a window becomes `at` its
    opening.
    """
    begin, force = (_moved(windows, zone, moment, now, need) for moment in (schedule.begin_at, schedule.force_at))
    later = schedule.mode is ScheduleMode.NOW and force > schedule.force_at
    mode = ScheduleMode.AT if later else schedule.mode
    return schedule.model_copy(update={"mode": mode, "begin_at": begin, "force_at": force})


def _moved(windows: tuple[Window, ...], zone: str, moment: datetime, now: datetime, need: timedelta) -> datetime:
    due = max(moment, now)
    opens = room_at(windows, zone, due, need)
    return opens if opens > due else moment


def why_outside_windows(schedule: Schedule, windows: tuple[Window, ...], zone: str, need: timedelta) -> str:
    """Why sessions must not be ended at `force_at`, and when they may next; empty if they may.

    A host that would not finish inside the window is not started. Its users would be warned for nothing, and others
    would be signed out at the next opening.
    """
    moment = schedule.force_at
    if may_begin(windows, zone, moment, need):
        return ""
    place = ZoneInfo(zone)
    text = " or ".join(_local_time(opens, place) for opens in openings(windows, zone, moment)[:2])
    closes = open_until(windows, zone, moment)
    if closes is not None:
        left = f"a host takes about {math.ceil(need / timedelta(minutes=1))} minutes, and the window closes at"
        late = f"{_local_time(moment, place)} is too late"
        return f"{late}: {left} {_local_time(closes, place)}; the next ones open at {text}"
    allowed = "; ".join(str(window) for window in windows)
    return f"{_local_time(moment, place)} is outside the windows ({allowed}, {zone}); they open next at {text}"


def _local_time(moment: datetime, place: ZoneInfo) -> str:
    return moment.astimezone(place).isoformat(timespec="minutes")


def _intervals(windows: tuple[Window, ...], zone: str, now: datetime) -> Iterator[Interval]:
    """The intervals that have not ended at `now` and open within the next weeks, in order; at least one."""
    for opens, closes in _expanded(windows, zone, now.astimezone(UTC).date()):
        if closes > now and opens < now + _NEAR:
            yield opens, closes


@lru_cache(maxsize=128)
def _expanded(windows: tuple[Window, ...], zone: str, day: date) -> tuple[Interval, ...]:
    """The intervals around this day (UTC). Work starts or stops being allowed at edges only, so each is checked."""
    place = ZoneInfo(zone)
    edges = _edges(windows, place, day)
    intervals: list[Interval] = []
    for edge, next_edge in pairwise([*edges, FOREVER]):
        if not _inside(windows, edge.astimezone(place)):
            continue
        if intervals and intervals[-1][1] == edge:
            intervals[-1] = (intervals[-1][0], next_edge)
        else:
            intervals.append((edge, next_edge))
    return tuple(intervals)


def _edges(windows: tuple[Window, ...], place: ZoneInfo, day: date) -> list[datetime]:
    """Every time around this day at which a window may open or close (UTC): its times of day, twice where the clocks
    repeat an hour, and the clock changes."""
    times = {moment for window in windows for moment in (window.begins_at, window.ends_at)}
    first, last = (datetime.combine(day + days * _DAY, time(), UTC) for days in (-_BEHIND, _AHEAD))
    days = [first.date() + number * _DAY for number in range(-1, (last - first).days + 2)]
    edges = {
        datetime.combine(local, moment, place).replace(fold=fold).astimezone(UTC)
        for local in days
        for moment in times
        for fold in (0, 1)
    }
    return sorted(edge for edge in edges | {first} | set(_changes(place, first, last)) if first <= edge < last)


def _changes(place: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """When the clocks change, found by bisection, to the second. No zone changes them twice in a day."""
    for early, late in pairwise(first + number * _DAY for number in range((last - first).days + 1)):
        before, after = early, late
        if before.astimezone(place).utcoffset() == after.astimezone(place).utcoffset():
            continue
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) // 2
            same = middle.astimezone(place).utcoffset() == early.astimezone(place).utcoffset()
            before, after = (middle, after) if same else (before, middle)
        yield after.replace(microsecond=0)


def _inside(windows: tuple[Window, ...], local: datetime) -> bool:
    """Whether this local time is in a window."""
    today, yesterday, clock = DAYS[local.weekday()], DAYS[local.weekday() - 1], local.time()
    for window in windows:
        started = clock >= window.begins_at
        open_still = clock < window.ends_at
        if window.over_midnight:
            if (started and today in window.days) or (open_still and yesterday in window.days):
                return True
        elif started and open_still and today in window.days:
            return True
    return False
