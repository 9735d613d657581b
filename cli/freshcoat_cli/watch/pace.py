"""How long to wait before the next look. Pure."""

from __future__ import annotations

from datetime import datetime

from freshcoat_cli.output.moments import moment_of
from freshcoat_cli.watch.ends import waits_for_a_person
from freshcoat_cli.watch.sight import Sight

MOVING = 2.0
"""Seconds between two looks while hosts are in work, or soon will be."""
QUIET = 15.0
"""Seconds while nothing happens by itself: it is scheduled, or a person must decide."""
SOON = 60.0
"""Seconds before its begin from which on it counts as moving."""
FIRST_BACK_OFF, LONGEST_BACK_OFF = 2.0, 60.0
GIVE_UP = 600.0
"""Seconds without an answer after which it is followed no longer. A deployment of the app takes less."""


def next_look(sight: Sight, now: datetime) -> float:
    """Seconds until the next look."""
    view = sight.view
    if waits_for_a_person(sight):
        return QUIET
    if view["state"] != "scheduled":
        return MOVING
    begins = moment_of((view["schedule"] or {}).get("begin_at"))
    ahead = (begins - now).total_seconds() if begins else 0.0
    return MOVING if ahead < SOON else min(QUIET, ahead - SOON + MOVING)


def back_off(failures: int, retry_after: float | None) -> float:
    """Seconds until the next attempt after so many failures in a row: 2, 4, 8 … 60, and never before `Retry-After`."""
    doubled: float = FIRST_BACK_OFF * 2 ** min(failures - 1, 10)
    return max(min(LONGEST_BACK_OFF, doubled), retry_after or 0.0)
