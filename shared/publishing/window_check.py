"""A rollout must not end sessions at a time its windows forbid: that is refused when it is asked for. Pure."""

from __future__ import annotations

from datetime import timedelta

from shared.core.errors import InvalidRequest
from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule
from shared.models.windows import Window
from shared.planning.windows import outside

_FIELDS = {ScheduleMode.NOW: "mode", ScheduleMode.AT: "at", ScheduleMode.ON_LOGOFF: "deadline"}
"""The field of a request that says when sessions are ended."""


def in_windows(
    schedule: Schedule, windows: tuple[Window, ...], zone: str, need: timedelta, *, prefix: str = "schedule."
) -> Schedule:
    """The schedule, when sessions would be ended within a window of `zone`, with time for a host, which takes `need`.

    Raises InvalidRequest naming the field that says when, with `prefix` before it.
    """
    why_not = outside(schedule, windows, zone, need)
    if why_not:
        raise InvalidRequest.one(f"{prefix}{_FIELDS[schedule.mode]}", why_not)
    return schedule
