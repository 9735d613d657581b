"""Moments and spans as people read them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(length: timedelta) -> str:
    """The two largest units, cut off: `7 d 1 h`, `1 h 19 min`, `45 s`. A negative span is `0 s`."""
    seconds = max(0, int(length.total_seconds()))
    for place, (size, unit) in enumerate(_UNITS):
        if seconds >= size:
            rest_size, rest_unit = _UNITS[min(place + 1, len(_UNITS) - 1)]
            rest = seconds % size // rest_size
            shows_rest = rest and rest_unit != "s"
            return f"{seconds // size} {unit}" + (f" {rest} {rest_unit}" if shows_rest else "")
    return "0 s"


def distance(moment: datetime, now: datetime) -> str:
    """`in 1 h 19 min`, `now`, `5 min ago`."""
    if abs(moment - now) < timedelta(seconds=1):
        return "now"
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"


def full(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Read back what was typed: `Monday 7 December 2026 01:00 Europe/Amsterdam (UTC 00:00), in 7 d 1 h`."""
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    stamp = f"{local:%A} {local.day} {local:%B %Y} {_clock(local)} {zone_name(zone, moment)}"
    if local.utcoffset():
        day = "" if local.date() == utc.date() else f"{utc:%a} "
        stamp += f" (UTC {day}{_clock(utc)})"
    return f"{stamp}, {distance(moment, now)}"


def short(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """`01:00` where it can be taken for no other day: today, or less than six hours away. Else with its day."""
    same_day = moment.astimezone(zone).date() == now.astimezone(zone).date()
    away = abs(moment - now)
    if away < timedelta(hours=6) or (same_day and away <= timedelta(hours=20)):
        return f"{moment.astimezone(zone):%H:%M}"
    return dated(moment, zone, now)


def dated(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """`Mon 30 Nov 01:00`, with the year in another one."""
    local = moment.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def zone_name(zone: tzinfo, moment: datetime) -> str:
    """`Europe/Amsterdam`; of a zone without a key, its name then (`CET`)."""
    return str(getattr(zone, "key", "") or moment.astimezone(zone).tzname() or "UTC")


def _clock(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
