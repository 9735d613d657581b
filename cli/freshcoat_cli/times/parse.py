"""Moments as people type them: `mon 01:00`, `tomorrow 22:00`, `+2h`, `22:00`, `2026-12-07T01:00+01:00`. Pure.

A small table of forms instead of a library that guesses: what is typed here signs people out. What has two readings is
refused, with a text for each of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from freshcoat_cli.times.clock import time_of_day
from freshcoat_cli.times.days import day_of, is_ahead
from freshcoat_cli.times.errors import BadTime
from freshcoat_cli.times.local import only_moment, plus_days, sent

FARTHEST = timedelta(days=731)
"""The app takes no moment that is farther ahead: shared/api/schedules.py."""
FORMS = "Write a time like 22:00, tomorrow 22:00, mon 01:00, +2h or 2026-12-07T01:00."
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(z|[+-]\d\d:?\d\d)?", re.ASCII)
_SPAN = re.compile(r"(?:(\d{1,3})w)?(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?", re.ASCII)


@dataclass(frozen=True)
class When:
    """A moment that was typed, and the zone in which it was read."""

    moment: datetime
    """In UTC."""
    zone: ZoneInfo

    @property
    def sent(self) -> str:
        """As the API takes it: local time with its offset, `2026-12-07T01:00+01:00`."""
        return sent(self.moment, self.zone)


def parse(text: str, *, now: datetime, zone: ZoneInfo) -> When:
    """The moment that a person means by `text`. Local times are in `zone`; `now` has a zone.

    Raises BadTime: the text has no known form, or two readings, or is past or more than two years ahead.
    """
    typed = " ".join(text.split())
    moment = _moment(typed.lower(), now.astimezone(UTC), zone)
    if moment <= now:
        raise BadTime(f"“{typed}” is in the past: it is {now.astimezone(zone):%A %H:%M} now in {zone.key}.")
    if moment > now + FARTHEST:
        raise BadTime(f"“{typed}” is more than two years ahead.")
    return When(moment, zone)


def _moment(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    try:
        if typed.startswith("+"):
            return _later(typed, now, zone)
        if match := _ISO.fullmatch(typed):
            return _iso(match, typed, now, zone)
        return _spoken(typed, now, zone)
    except OverflowError:
        raise BadTime(f"“{typed}” is out of range.") from None


def _later(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    match = _SPAN.fullmatch(typed[1:].replace(" ", ""))
    if match is None or not any(match.groups()):
        raise BadTime(f"“{typed}” is no span. Write one like +2h, +90m, +1d or +1h30m.")
    weeks, days, hours, minutes = (int(number or 0) for number in match.groups())
    return plus_days(now + timedelta(hours=hours, minutes=minutes), 7 * weeks + days, zone)


def _iso(match: re.Match[str], typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    offset = match[3] or ""
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{offset.upper()}")
    except ValueError:
        raise BadTime(f"No calendar or clock shows “{typed}”.") from None
    return moment.astimezone(UTC) if moment.tzinfo else only_moment(moment, zone, now, typed)


def _spoken(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    day_text, clock = _split(typed)
    today = now.astimezone(zone).date()
    if day_text:
        day = day_of(day_text, clock, now, zone)
        if day is None:
            raise BadTime(f"“{typed}” is not understood. {FORMS}")
    else:
        day = today if is_ahead(today, clock, now, zone) else today + timedelta(days=1)
    return only_moment(datetime.combine(day, clock), zone, now, typed)


def _split(typed: str) -> tuple[str, time]:
    """The day in words, perhaps empty, and the time of day at its end."""
    words = typed.split(" ")
    for length in (2, 1):
        if length <= len(words) and (clock := time_of_day(" ".join(words[-length:]))) is not None:
            rest = words[:-length]
            return " ".join(rest[:-1] if rest[-1:] == ["at"] else rest).removesuffix(","), clock
    raise BadTime(f"“{typed}” has no time of day, or is not understood. {FORMS}")
