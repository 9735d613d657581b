"""How many hosts are dared at once: twice as many after clean results, half as many after a failure. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shared.core.states import HostState
from shared.models.rollouts import RolloutHost


def width(results: Iterable[bool], start: int, limit: int) -> int:
    """So many hosts may be in work after these results (True: it went well), the oldest first.

    It begins with `start`. As many clean results in a row as hosts were dared double it, up to `limit`; a failure
    halves it, down to 1. Never below 1, so that what is to be proved can be proved.
    """
    dared, clean = max(1, min(start, limit)), 0
    for went_well in results:
        clean = clean + 1 if went_well else 0
        if not went_well:
            dared = max(1, dared // 2)
        elif clean >= dared:
            dared, clean = max(1, min(2 * dared, limit)), 0
    return dared


def results(rows: Iterable[RolloutHost], *, back: bool) -> list[bool]:
    """How the hosts that were rebuilt came out, in the order in which they ended; ties go by name.

    `back`: only those that were brought back to what they were, else only those that were brought forward.
    """
    ended = [
        row
        for row in rows
        if row.taken_at and row.ended_at and row.back is back and row.state in {HostState.DONE, HostState.FAILED}
    ]
    ended.sort(key=lambda row: (row.ended_at, row.host))
    return [row.state is HostState.DONE for row in ended]
