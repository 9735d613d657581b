"""What a check has found, and how it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Grade = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """The outcome of one check. `settles`: questions of docs/unverified.md that it answers a part of."""

    name: str
    grade: Grade
    detail: str
    what_to_do: str = ""
    settles: tuple[int, ...] = ()

    def lines(self) -> list[str]:
        """It as it is printed: what was found, and below it what to do."""
        said = f"{self.grade:<5} {self.name}: {self.detail}"
        return [said, *([f"      -> {self.what_to_do}"] if self.what_to_do else [])]


def passed(name: str, detail: str, settles: tuple[int, ...] = ()) -> Check:
    """Nothing is to be done."""
    return Check(name, "pass", detail, settles=settles)


def warned(name: str, detail: str, what_to_do: str) -> Check:
    """It works without, or it is not known."""
    return Check(name, "warn", detail, what_to_do)


def failed(name: str, detail: str, what_to_do: str) -> Check:
    """It does not work."""
    return Check(name, "fail", detail, what_to_do)


def summary(found: Iterable[Check]) -> str:
    """How many of each grade there are."""
    counted = Counter(check.grade for check in found)
    return f"{counted['pass']} passed, {counted['warn']} to look at, {counted['fail']} failed"
