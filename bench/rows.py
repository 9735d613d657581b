"""The results of a measurement: rows of figures with their targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

type Row = dict[str, Any]
"""One figure of one part: `{name, figure, value, unit, reach, met}`. `reach` is its target; `reach` and `met` are None
for a figure without a target."""


class Part:
    """Collects the figures of one part."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[Row] = []

    def at_least(self, figure: str, value: float, unit: str, reach: float) -> None:
        """Add a figure whose target is a minimum."""
        self._add(figure, value, unit, reach, met=value >= reach)

    def at_most(self, figure: str, value: float, unit: str, reach: float) -> None:
        """Add a figure whose target is a maximum."""
        self._add(figure, value, unit, reach, met=value <= reach)

    def shown(self, figure: str, value: float | str | None, unit: str) -> None:
        """Add a figure without a target."""
        self._add(figure, value, unit, None, met=None)

    def _add(self, figure: str, value: float | str | None, unit: str, reach: float | None, *, met: bool | None) -> None:
        rounded = round(value, 3 if abs(value) < 10 else 1) if isinstance(value, float) else value
        self.rows.append(
            {"name": self.name, "figure": figure, "value": rounded, "unit": unit, "reach": reach, "met": met}
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by at least this share of the values. Raises ValueError for no values."""
    if not values:
        raise ValueError("a percentile needs at least one value")
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def missed(rows: Iterable[Row]) -> list[Row]:
    """The rows that missed their target."""
    return [row for row in rows if row["met"] is False]
