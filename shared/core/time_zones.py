"""Time zones by IANA or Windows name, and dates in them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz


class UnknownZone(ValueError):
    """No time zone has this name."""


_NO_PLACE = frozenset({"localtime", "posixrules", "Factory"})
"""Names in the database that mean another zone on each machine, or none."""


@cache
def _names() -> dict[str, str]:
    """Lower-case name -> IANA name. IANA names win over Windows names that look the same (`UTC`)."""
    windows = {name.lower(): iana for name, iana in win_tz.items()}
    return windows | {name.lower(): name for name in available_timezones() - _NO_PLACE}


def zone_named(name: str) -> ZoneInfo:
    """The zone with this name (`Europe/Berlin`, `W. Europe Standard Time`, in any case). Its key is the IANA name.

    Windows names are mapped by CLDR's worldwide table (in tzlocal). Raises UnknownZone.
    """
    known = _names().get(name.strip().lower()) if name.isascii() else None
    if known is None:
        raise UnknownZone(
            f"there is no time zone {name[:80]!r}; use a name like Europe/Berlin or W. Europe Standard Time"
        )
    return ZoneInfo(known)


_FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Parse an ISO 8601 date and time to UTC. Without an offset it is local time in `zone`.

    Raises ValueError saying what to write instead: for other forms, and for a local time that does not exist or exists
    twice because of daylight saving (both candidates are named, with their offsets).
    """
    if not _FORM.fullmatch(text):
        raise ValueError("write a date and time like 2026-11-02T01:00, with or without an offset")
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if moment.tzinfo else _local(moment, zone)
    except OverflowError as error:
        raise ValueError("this date is out of range") from error


def _local(naive: datetime, zone: ZoneInfo) -> datetime:
    early, late = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return early
    exists = early.astimezone(zone).replace(tzinfo=None) == naive
    named = " or ".join(moment.astimezone(zone).isoformat() for moment in sorted((early, late)))
    happens = "twice" if exists else "not at all"
    raise ValueError(f"the clocks change: in {zone.key} this local time happens {happens}; write {named}")


def days_later(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day in `zone` this many days later, in UTC. If daylight saving skips that time, it is later by
    the skipped time; if the time exists twice, it is the first one."""
    return (moment.astimezone(zone) + timedelta(days=days)).replace(fold=0).astimezone(UTC)


FAR_AHEAD = timedelta(hours=20)
"""Farther ahead than this, a time of day alone could be taken for that of another day."""


def time_text(moment: datetime, zone: str) -> str:
    """The time of day in a zone (IANA): `18:05`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def date_text(moment: datetime, zone: str) -> str:
    """The date in a zone (IANA): `Tue 3 Nov 2026`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y}"


def is_another_day(moment: datetime, now: datetime, zone: str) -> bool:
    """Whether a person must be told the date of `moment`: it is not today in that zone, or far ahead."""
    days = {when.astimezone(ZoneInfo(zone)).date() for when in (moment, now)}
    return len(days) > 1 or moment - now > FAR_AHEAD


def moment_text(moment: datetime, now: datetime, zone: str) -> str:
    """The time of day in a zone (IANA), with the date when a person must be told it."""
    time = time_text(moment, zone)
    return f"{time} on {date_text(moment, zone)}" if is_another_day(moment, now, zone) else time
