"""Maintenance windows of a pool: days and times of day in the pool's zone."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from shared.models.base import Value


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS = tuple(Day)
"""Monday first, like `date.weekday()`."""

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _time_of_day(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("write a time of day as HH:MM, from 00:00 to 24:00")
    return text


def _not_the_end_of_a_day(text: str) -> str:
    if text == "24:00":
        raise ValueError("a window must start between 00:00 and 23:59")
    return text


def _once_each(days: tuple[Day, ...]) -> tuple[Day, ...]:
    return tuple(day for day in DAYS if day in days)


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
"""`HH:MM`; `24:00` is the end of the day."""


class Window(Value):
    """From one time of day to another on these days. If `to` is not after `from`, the window ends on the next day."""

    model_config = Value.model_config | ConfigDict(populate_by_name=True, serialize_by_alias=True)

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7), AfterValidator(_once_each)] = DAYS
    begins: Annotated[TimeOfDay, AfterValidator(_not_the_end_of_a_day)] = Field(alias="from")
    ends: TimeOfDay = Field(alias="to")

    @property
    def begins_at(self) -> time:
        """The time of day when it opens."""
        return _clock(self.begins)

    @property
    def ends_at(self) -> time:
        """The time of day when it closes. Midnight is the end of a day."""
        return _clock(self.ends)

    @property
    def over_midnight(self) -> bool:
        """Whether it closes on the day after it opens."""
        return self.ends_at <= self.begins_at

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.begins}-{self.ends}"


def _clock(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours) % 24, int(minutes))


Windows = Annotated[tuple[Window, ...], Field(max_length=20)]
