"""A day as people type it. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from freshcoat_cli.times.errors import BadTime
from freshcoat_cli.times.local import moments_at, written

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_SLASHES = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.]?(\d{4})?", re.ASCII)
_NAMED_DAY = re.compile(r"(?:(\d{1,2})\.? ([a-z]+)|([a-z]+) (\d{1,2}))(?:,? (\d{4}))?", re.ASCII)


def day_of(text: str, clock: time, now: datetime, zone: ZoneInfo) -> date | None:
    """The day in `today`, `tomorrow`, `mon`, `2026-12-07`, `7 dec`, `dec 7 2026`. None: it is no day.

    A weekday is the next one that is still ahead; a day and a month without a year likewise. `now` has a zone. Raises
    BadTime for days that people read in two ways, and for days that are in no calendar.
    """
    today = now.astimezone(zone).date()
    if text in {"today", "tomorrow"}:
        return today + timedelta(days=text == "tomorrow")
    if (weekday := _weekday(text)) is not None:
        return _next_weekday(weekday, text, clock, now, zone)
    if text.startswith("next ") and (weekday := _weekday(text.removeprefix("next "))) is not None:
        first = today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
        both = (datetime.combine(day, clock) for day in (first, first + timedelta(days=7)))
        raise BadTime(f"“{text}” is read in two ways.", written(both, zone, now))
    if match := _ISO_DAY.fullmatch(text):
        return _in_calendar(int(match[1]), int(match[2]), int(match[3]), text)
    if match := _SLASHES.fullmatch(text):
        either = (datetime.combine(day, clock) for day in _either_way(match, today))
        raise BadTime(f"Day and month may be swapped in “{text}”.", written(either, zone, now))
    return _named_day(text, clock, now, zone)


def _weekday(word: str) -> int | None:
    if word in _SHORT:
        return _SHORT[word]
    return next((place for place, name in enumerate(_WEEKDAYS) if word in {name, name[:3]}), None)


def _next_weekday(weekday: int, typed: str, clock: time, now: datetime, zone: ZoneInfo) -> date:
    today = now.astimezone(zone).date()
    ahead = (weekday - today.weekday()) % 7
    if ahead:
        return today + timedelta(days=ahead)
    if is_ahead(today, clock, now, zone):
        what = f"Today is {_WEEKDAYS[weekday].title()}, so “{typed}” may be today or in a week."
        both = (datetime.combine(day, clock) for day in (today, today + timedelta(days=7)))
        raise BadTime(what, written(both, zone, now))
    return today + timedelta(days=7)


def is_ahead(day: date, clock: time, now: datetime, zone: ZoneInfo) -> bool:
    """Whether this local time is still ahead of `now`. One that the clocks skip counts by its place on the clock."""
    local = datetime.combine(day, clock)
    found = moments_at(local, zone)
    return found[-1] > now if found else local > now.astimezone(zone).replace(tzinfo=None)


def _named_day(text: str, clock: time, now: datetime, zone: ZoneInfo) -> date | None:
    match = _NAMED_DAY.fullmatch(text)
    month = _month(match[2] or match[3]) if match else None
    if match is None or month is None:
        return None
    day = int(match[1] or match[4])
    if match[5]:
        return _in_calendar(int(match[5]), month, day, text)
    this_year = now.astimezone(zone).year
    for year in range(this_year, this_year + 9):
        found = _made(year, month, day)
        if found and is_ahead(found, clock, now, zone):
            return found
    raise BadTime(f"No calendar has the day “{text}”.")


def _month(word: str) -> int | None:
    return next((place for place, name in enumerate(_MONTHS, 1) if word in {name, name[:3]}), None)


def _in_calendar(year: int, month: int, day: int, text: str) -> date:
    found = _made(year, month, day)
    if found is None:
        raise BadTime(f"No calendar has the day “{text}”.")
    return found


def _either_way(match: re.Match[str], today: date) -> tuple[date, ...]:
    """The days that it may mean; without a year, from today on."""
    days: set[date] = set()
    for month, day in ((int(match[1]), int(match[2])), (int(match[2]), int(match[1]))):
        years = (int(match[3]),) if match[3] else range(today.year, today.year + 9)
        found = (made for year in years if (made := _made(year, month, day)) and (match[3] or made >= today))
        days |= set(list(found)[:1])
    return tuple(sorted(days))


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
