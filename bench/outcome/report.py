"""The result rows of the outcome benchmark, and a table for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from bench.outcome.cases import CASES, OURS, OURS_AT_NIGHT, Case
from bench.outcome.measure import Found, Result, best, gentler, measure

NAME = "outcome"
WORKERS = 2

type Measured = Mapping[Case, Found]


def run() -> list[dict[str, Any]]:
    """Measure all cases and return `{name, figure, value, unit, reach, met}` for each figure.

    The figures of other policies belong to their best setting. `reach` and `met` are None without a target.
    """
    return list(rows(measure_all()))


def measure_all() -> Measured:
    """Measure all cases, two at a time, the longest first."""
    cases = sorted(CASES, key=lambda case: case.pattern != "mixed")
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        found = dict(zip(cases, workers.map(measure, cases), strict=True))
    return {case: found[case] for case in CASES}


def rows(found: Measured) -> Iterator[dict[str, Any]]:
    """The figures with targets first, then all others."""
    for case, come_to in found.items():
        yield from _reaches(case, come_to.results)
    for case, come_to in found.items():
        yield _row(f"{case}: open from the start past the deadline", come_to.past_deadline, "sessions")
        yield _row(f"{case}: lowest free capacity, no update", _percent(come_to.lowest_free_anyway), "%")
        for result in best(come_to.results):
            yield from _figures(case, result)


def _reaches(case: Case, results: list[Result]) -> Iterator[dict[str, Any]]:
    figure = f"{case}: settings of peers with fewer forced sign-outs at the same or an earlier end"
    yield _row(figure, len(gentler(results)), "settings", reach=0)
    for result in results:
        if result.policy in {OURS, OURS_AT_NIGHT}:
            figure = f"{case}: logons turned away before sessions are ended, {result.policy}"
            yield _row(figure, result.turned_away_early, "logons", reach=0)


def _figures(case: Case, result: Result) -> Iterator[dict[str, Any]]:
    figures: tuple[tuple[str, float | None, str], ...] = (
        ("forced sign-outs", result.forced, "sessions"),
        ("warned in vain", result.warned_in_vain, "sessions"),
        ("time to 100 %", round(result.end, 1) if result.end < math.inf else None, "h"),
        ("lowest free capacity", _percent(result.lowest_free), "%"),
        ("logons turned away", result.turned_away, "logons"),
        ("most hosts at a time", result.most_hosts, "hosts"),
    )
    for figure, value, unit in figures:
        yield _row(f"{case}: {figure}, {result.policy}", value, unit)


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _row(figure: str, value: float | None, unit: str, *, reach: float | None = None) -> dict[str, Any]:
    """One row. `met` is whether `value` is at most `reach`."""
    met = None if reach is None else value is not None and value <= reach
    return {"name": NAME, "figure": figure, "value": value, "unit": unit, "reach": reach, "met": met}


COLUMNS = f"{'':<27}{'forced':>7}{'in vain':>9}{'hours':>8}{'free':>7}{'away':>7}{'hosts':>7}  setting"


def table(found: Measured) -> str:
    """All cases as text: the best setting of each policy, and the best of those that start at once."""
    lines: list[str] = []
    for case, come_to in found.items():
        results = come_to.results
        text = f"{come_to.past_deadline} sessions last from the start past the deadline"
        lines += ["", f"{case}: {text}; at least {come_to.lowest_free_anyway:.0%} free without an update", COLUMNS]
        lines += [_line(result) for result in best(results)]
        at_once = best([result for result in results if result.starts == 0])
        lines += [_line(result) for result in at_once if result not in best(results)]
        lines += [f"  gentler at the same or an earlier end: {r.policy}, {r.text}" for r in gentler(results)]
    return "\n".join(lines[1:])


def _line(result: Result) -> str:
    end = f"{result.end:.1f}" if result.end < math.inf else "never"
    return (
        f"{result.policy:<27}{result.forced:>7}{result.warned_in_vain:>9}{end:>8}{result.lowest_free:>7.0%}"
        f"{result.turned_away:>7}{result.most_hosts:>7}  {result.text}"
    )
