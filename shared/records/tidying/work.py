"""Removes tasks and promotions that ended long ago.

A task that a version names stays: it says how the version came to be, and what retention would otherwise take for a
change without its record (`images/change_records.py`). So does one that a promotion names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.records.tidying.removing import ended_before, remove_each
from shared.services import PROMOTIONS, Services

PAGE = 1_000
"""How many old rows are read at a time."""
MOST_ROWS = 2_000
"""How many rows of each kind one run removes."""


def tidy_work(services: Services) -> int:
    """Remove tasks and promotions that ended `rollout_keep_days` ago; return how many."""
    before = services.now() - timedelta(days=services.settings.rollout_keep_days)
    return _tidy_promotions(services, before) + _tidy_tasks(services, before)


def _tidy_promotions(services: Services, before: datetime) -> int:
    """One that still holds its image stays, whatever it says itself."""
    rows, removed = services.promotions, 0
    for old in ended_before(rows, before, PAGE):
        holding = {row.promotion for row in services.versions.every() if row.kind == "state"} if old else set[str]()
        gone = [one for one in old if one.state.ended and one.id not in holding]
        removed += remove_each(rows, gone[: MOST_ROWS - removed])
        if removed >= MOST_ROWS:
            break
    return removed


def _tidy_tasks(services: Services, before: datetime) -> int:
    rows, removed = services.tasks, 0
    for old in ended_before(rows, before, PAGE):
        named = set(_named(services)) if old else set[str]()
        gone = [one for one in old if one.state.ended and one.id not in named]
        removed += remove_each(rows, gone[: MOST_ROWS - removed])
        if removed >= MOST_ROWS:
            break
    return removed


def _named(services: Services) -> Iterator[str]:
    """Tasks that a version, an image or a promotion names."""
    for row in services.versions.every():
        if row.kind == "state":
            yield from (row.capture, row.activation, row.last_task)
        else:
            yield from (row.task, row.made_by_task, row.verdict_task)
    yield from (one.task for one in services.promotions.each(PROMOTIONS))
