"""Numbers, durations and states in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from shared.core.states import PromotionState, RolloutState, VersionState

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_R, _V, _P = RolloutState, VersionState, PromotionState

ROLLOUT_WORDS: dict[RolloutState, str] = {
    _R.SCHEDULED: "is scheduled",
    _R.RUNNING: "is running",
    _R.AWAITING_APPROVAL: "waits for approval",
    _R.PAUSED: "is paused",
    _R.ROLLING_BACK: "is rolling back",
    _R.CANCELLING: "is being cancelled",
    _R.SUCCEEDED: "has succeeded",
    _R.FAILED: "has failed",
    _R.CANCELLED: "was cancelled",
    _R.ROLLED_BACK: "was rolled back",
}
VERSION_WORDS: dict[VersionState, str] = {
    _V.CAPTURING: "is being captured",
    _V.STAGED: "is staged",
    _V.ACTIVE: "is active",
    _V.BACKUP: "is a backup",
    _V.REPLACED: "was replaced without a backup",
    _V.DELETED: "was deleted",
    _V.FAILED: "could not be created",
    _V.DISCARDED: "was discarded",
}
PROMOTION_WORDS: dict[PromotionState, str] = {
    _P.SCHEDULED: "is scheduled",
    _P.PROMOTING: "has started",
    _P.PROMOTED: "has been activated",
    _P.FAILED: "has failed",
    _P.CANCELLED: "was cancelled",
}


def counted(number: int, noun: str) -> str:
    """`1 host`, `2 hosts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


_NAMES_SHOWN = 5


def names_text(names: Iterable[str]) -> str:
    """Names in a sentence: all of a few, else the first and how many others there are."""
    names = list(names)
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    shown = names[: _NAMES_SHOWN - 1]
    return f"{', '.join(shown)} and {len(names) - len(shown)} others"


def duration_text(time: timedelta) -> str:
    """A duration in the largest unit without a fraction: `7 days`, `36 hours`, `30 seconds`."""
    seconds = round(time.total_seconds())
    noun, size = next(unit for unit in _UNITS if seconds % unit[1] == 0 and (seconds or unit[1] == 1))
    return counted(seconds // size, noun)


def free_again(seconds: int) -> str:
    """A sentence about something that a request is reserving."""
    return f"If that request was interrupted, it is free again in {counted(seconds, 'second')}."


def state_text(state: StrEnum) -> str:
    """A state in words: `rolled back`."""
    return state.replace("_", " ")
