"""What a measurement comes to: rows of figures, with what was to be reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

type Row = dict[str, Any]
"""`{name, figure, value, unit, reach, met}`: one figure of one part. `reach` and `met` are None where nothing is to be
reached."""


class Part:
    """Collects the figures of one part."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[Row] = []

    def at_least(self, figure: str, value: float, unit: str, reach: float) -> None:
        """A figure that is the better the larger it is."""
        self._add(figure, value, unit, reach, met=value >= reach)

    def at_most(self, figure: str, value: float, unit: str, reach: float) -> None:
        """A figure that is the better the smaller it is."""
        self._add(figure, value, unit, reach, met=value <= reach)

    def shown(self, figure: str, value: float | str | None, unit: str) -> None:
        """A figure that only tells something."""
        self._add(figure, value, unit, None, met=None)

    def _add(self, figure: str, value: float | str | None, unit: str, reach: float | None, *, met: bool | None) -> None:
        rounded = round(value, 3 if abs(value) < 10 else 1) if isinstance(value, float) else value
        self.rows.append(
            {"name": self.name, "figure": figure, "value": rounded, "unit": unit, "reach": reach, "met": met}
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values do not exceed. Raises ValueError without any."""
    if not values:
        raise ValueError("there is nothing to take a percentile of")
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def missed(rows: Iterable[Row]) -> list[Row]:
    """The rows that did not reach what was to be reached."""
    return [row for row in rows if row["met"] is False]
