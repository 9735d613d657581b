"""A time of day as people type it. Pure."""

from __future__ import annotations

import re
from datetime import time

from freshcoat_cli.times.errors import BadTime

_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d\d))?(?::(\d\d))?\s*([ap]m)?", re.ASCII)


def time_of_day(text: str) -> time | None:
    """The time in `22:00`, `9:30`, `22:00:30`, `10pm`, `9:30 am`, `noon`. None: it is no time of day.

    Raises BadTime for 12am, 12pm and midnight, which people read in two ways, and for hours that no clock shows.
    """
    if text == "noon":
        return time(12)
    if text == "midnight":
        raise BadTime("Midnight may begin a day or end it. Write 00:00 and the day that begins, or 23:59.")
    match = _CLOCK.fullmatch(text)
    if match is None or not (match[2] or match[4]):
        return None
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        hour = _of_half_a_day(hour, match[4], text)
    try:
        return time(hour, minute, second)
    except ValueError:
        raise BadTime(f"No clock shows “{text}”. Write a time like 22:00.") from None


def _of_half_a_day(hour: int, half: str, text: str) -> int:
    if hour == 12:
        raise BadTime(f"“{text}” is read in two ways. Write 00:00 or 12:00 instead.")
    if not 1 <= hour <= 11:
        raise BadTime(f"No clock shows “{text}”. Write a time like 22:00.")
    return hour + 12 if half == "pm" else hour
