"""Moments and spans as people read them. Pure; the zone is always said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from freshcoat_cli.output.words import message

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONG_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def moment_of(text: str | None) -> datetime | None:
    """A moment of the API; None without one."""
    return datetime.fromisoformat(text) if text else None


def zone_of(name: str | None) -> tzinfo:
    """The zone of this IANA name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return UTC


def name_of(zone: tzinfo | None, at: datetime) -> str:
    """The zone as people call it: `Europe/Amsterdam`, or `CET` for this machine's own."""
    return getattr(zone, "key", None) or at.astimezone(zone).tzname() or "local"


def short(at: datetime | None, zone: tzinfo | None, now: datetime) -> str:
    """`Mon 7 Dec 06:00`, with the year when it is another one. A dash for none. `zone` None: this machine's."""
    if at is None:
        return "-"
    there = at.astimezone(zone)
    year = "" if there.year == now.astimezone(zone).year else f" {there.year}"
    return f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]}{year} {there:%H:%M}"


def near(at: datetime, zone: tzinfo | None, now: datetime) -> str:
    """`01:00` where it can be taken for no other day: today, or less than six hours away. Else with its day."""
    same_day = at.astimezone(zone).date() == now.astimezone(zone).date()
    away = abs(at - now)
    if away < timedelta(hours=6) or (same_day and away <= timedelta(hours=20)):
        return f"{at.astimezone(zone):%H:%M}"
    return short(at, zone, now)


def full(at: datetime, zone: tzinfo | None, now: datetime) -> str:
    """`Monday 7 December 2026 01:00 Europe/Amsterdam (UTC 00:00), in 7 d 1 h`: nothing is left to be guessed."""
    there, utc = at.astimezone(zone), at.astimezone(UTC)
    day = f"{_LONG_DAYS[there.weekday()]} {there.day} {_LONG_MONTHS[there.month - 1]} {there.year}"
    beside = "" if there.utcoffset() == timedelta(0) else f" (UTC {_utc(there, utc)})"
    return f"{day} {there:%H:%M} {name_of(zone, at)}{beside}, {distance(at, now)}"


def _utc(there: datetime, utc: datetime) -> str:
    day = "" if there.date() == utc.date() else f"{_DAYS[utc.weekday()]} "
    return f"{day}{utc:%H:%M}"


def distance(at: datetime, now: datetime) -> str:
    """`in 7 d 1 h`, `5 min ago`, `now`."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"in {span(seconds)}" if seconds > 0 else f"{span(-seconds)} ago"


def span(seconds: float) -> str:
    """A span in its two largest units: `40 s`, `13 min`, `2 h 31 min`, `7 d 1 h`. Below 90 s in seconds."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def dated(shown: Mapping[str, Any] | None, zone: tzinfo | None) -> str:
    """A message of the API after its moment: `Mon 7 Dec 00:00: Users are asked to sign out.`"""
    at = moment_of(shown.get("at")) if shown else None
    return f"{short(at, zone, now())}: {message(shown)}" if at else message(shown)


def zoned(text: str | None, zone: tzinfo | None) -> str:
    """A moment of the API with its zone: `Mon 7 Dec 06:00 Europe/Amsterdam`; empty for none."""
    at = moment_of(text)
    return f"{short(at, zone, now())} {name_of(zone, at)}" if at else ""


def now() -> datetime:
    """The moment of this machine's clock."""
    return datetime.now(UTC)


def listed(text: str | None, zone: tzinfo | None) -> str:
    """A moment of the API in a list: `Mon 7 Dec 06:00`; a dash for none."""
    return short(moment_of(text), zone, now())
