"""What a check has found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Grade = Literal["pass", "warn", "fail"]
MOST_NAMED = 10
"""How many failed checks the last line names: there may be hundreds of pools."""


@dataclass(frozen=True)
class Check:
    """The outcome of one check. `settles`: questions of docs/unverified.md that it answers a part of."""

    name: str
    grade: Grade
    detail: str
    what_to_do: str = ""
    settles: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """It for a program."""
        return {key: value for key, value in asdict(self).items() if key != "settles"}


def passed(name: str, detail: str, settles: tuple[int, ...] = ()) -> Check:
    """Nothing is to be done."""
    return Check(name, "pass", detail, settles=settles)


def warned(name: str, detail: str, what_to_do: str) -> Check:
    """It works without, or it is not known."""
    return Check(name, "warn", detail, what_to_do)


def failed(name: str, detail: str, what_to_do: str) -> Check:
    """It does not work."""
    return Check(name, "fail", detail, what_to_do)


def counts(found: Sequence[Check]) -> dict[Grade, int]:
    """How many of each grade there are."""
    counted = Counter(check.grade for check in found)
    return {"pass": counted["pass"], "warn": counted["warn"], "fail": counted["fail"]}


def summary(found: Sequence[Check]) -> str:
    """How many of each grade there are, and which failed: after many pools, their lines are out of sight."""
    counted = counts(found)
    text = f"{counted['pass']} passed, {counted['warn']} to look at, {counted['fail']} failed"
    names = list(dict.fromkeys(check.name for check in found if check.grade == "fail"))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{text}: {', '.join(names[:MOST_NAMED])}{more}" if names else text
