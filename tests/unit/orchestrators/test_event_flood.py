"""A flood of log-off events costs one look in a gap, and the first event after a quiet time costs no wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from orchestrators.event_buffer import EventBuffer

START = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - as the engine gives it
GAP, FAR = 2.0, (START + timedelta(hours=1)).isoformat()
WHOLE = {"next_pass_at": FAR, "gap": GAP, "deferral": GAP, "flush_after": 1, "whole_pool_needed": False}
FAST = {"next_pass_at": None, "whole_pool_needed": False}


def looks_in_a_flood(seconds: float, result: dict[str, object]) -> list[tuple[float, bool]]:
    """When passes begin, and whether over the whole pool, while an event arrives every 20 ms."""
    events = EventBuffer(START)
    events.passed(START, WHOLE, whole_pool=True)
    began: list[tuple[float, bool]] = []
    first = START + timedelta(minutes=5)
    for step in range(int(seconds * 50)):
        now = first + timedelta(seconds=step / 50)
        events.add({"logged_off": [f"h{step}"]}, now)
        if events.pass_is_due(now):
            hosts = events.take_logged_off(now)
            began.append(((now - first).total_seconds(), not hosts))
            events.passed(now, result if hosts else WHOLE | {"next_pass_at": None}, whole_pool=not hosts)
    return began


@pytest.mark.parametrize("result", [FAST, FAST | {"whole_pool_needed": True}], ids=["decides", "needs the whole pool"])
def test_a_flood_of_log_offs_costs_one_look_in_a_gap(result: dict[str, object]) -> None:
    moments = [at for at, _ in looks_in_a_flood(60, result)]
    assert moments[0] == 0, "the first one waits for nothing"
    assert len(moments) <= 1 + 60 / GAP
    assert all(later - earlier >= GAP for earlier, later in pairwise(moments))


def test_no_host_that_reported_is_forgotten_in_a_flood() -> None:
    events = EventBuffer(START)
    events.passed(START, WHOLE, whole_pool=True)
    reported, looked_at = set(), set[str]()
    for step in range(500):
        now = START + timedelta(minutes=5, seconds=step / 50)
        if step < 300:
            events.add({"logged_off": [f"h{step}"]}, now)
            reported.add(f"h{step}")
        if events.pass_is_due(now):
            looked_at.update(events.take_logged_off(now))
            events.passed(now, FAST, whole_pool=False)
    assert looked_at == reported
