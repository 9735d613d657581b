"""When a host counts as used, when as fresh again, and when a day begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import HostState
from shared.models.azure import SessionHost
from shared.models.pools import Refresh
from shared.models.rollouts import RolloutHost
from shared.planning.freshness import (
    USE_RESOLUTION,
    after_rollout,
    is_fresh,
    start_of_day,
    why_not_due,
    with_use_recorded,
)
from tests.fixtures.builders import NOON
from tests.fixtures.rollout_rows import in_parts

MINUTE = timedelta(minutes=1)
BEFORE = NOON - timedelta(hours=5)


def row_of(**fields: Any) -> RolloutHost:
    """A host of a refresh."""
    return RolloutHost(rollout="standing", host="host-01", vm_id="/vm").replace(**in_parts(fields))


def updated(strategy: str = "reimage", **fields: Any) -> RolloutHost:
    """The same host in a rollout that took it at noon, and was through with it ten minutes later."""
    ended = NOON + 10 * MINUTE
    given = {"rollout": "r-1", "state": HostState.DONE, "taken_at": NOON, "ended_at": ended, "version": "2.0.0"}
    return row_of(**(given | {"strategy": strategy} | fields))


def seen_with(sessions: int, *, accepting: bool = True) -> SessionHost:
    """The host as the broker sees it."""
    return SessionHost(name="host-01", vm_id="/vm", accepting=accepting, sessions=sessions, status="Available")


@pytest.mark.parametrize(
    ("zone", "now", "began"),
    [
        ("UTC", datetime(2026, 11, 2, 0, 0, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 26, 12, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 3, 28, 12, tzinfo=UTC), datetime(2027, 3, 27, 23, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 3, 29, 12, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC)),
        # Midnight does not exist there on that day: the clocks go from 24:00 to 01:00.
        ("Africa/Cairo", datetime(2026, 4, 24, 12, tzinfo=UTC), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        # It comes twice there: from 01:00 the clocks go back to 00:00.
        ("America/Havana", datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_day_starts_at_local_midnight(zone: str, now: datetime, began: datetime) -> None:
    assert start_of_day(zone, now) == began


@given(
    st.integers(0, 730 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(["Europe/Berlin", "Africa/Cairo", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe"]),
)
def test_a_day_lasts_between_22_and_26_hours(now: datetime, zone: str) -> None:
    began = start_of_day(zone, now)
    assert now - timedelta(hours=26) < began <= now
    assert start_of_day(zone, began) == began


def test_after_logoff_a_host_is_due_when_it_was_used_and_nobody_is_on_it() -> None:
    ask = [Refresh.AFTER_LOGOFF, "UTC", NOON]
    assert str(why_not_due(row_of(), 0, *ask)) == "fresh"  # type: ignore[arg-type]
    assert "in use" in str(why_not_due(row_of(used_at=BEFORE), 2, *ask))  # type: ignore[arg-type]
    assert why_not_due(row_of(used_at=BEFORE), 0, *ask) is None  # type: ignore[arg-type]


def test_daily_a_host_is_due_from_the_day_after_its_first_use_whoever_is_on_it() -> None:
    used = row_of(used_at=NOON)
    for sessions in (0, 3):
        assert "today" in str(why_not_due(used, sessions, Refresh.DAILY, "UTC", NOON + timedelta(hours=11)))
        assert why_not_due(used, sessions, Refresh.DAILY, "UTC", NOON + timedelta(hours=12)) is None


def test_the_first_use_is_kept_and_the_last_one_updated_at_intervals() -> None:
    row = with_use_recorded(row_of(), seen_with(1), NOON, poll_eagerly=False)
    assert (row.use.used_at, row.use.last_used_at) == (NOON, NOON)
    assert with_use_recorded(row, seen_with(1), NOON + MINUTE, poll_eagerly=False) is row
    noted = with_use_recorded(row, seen_with(1), NOON + USE_RESOLUTION, poll_eagerly=False)
    assert noted.use.last_used_at == NOON + USE_RESOLUTION
    poll_eagerly = with_use_recorded(row, seen_with(1), NOON + MINUTE, poll_eagerly=True)
    assert (poll_eagerly.use.used_at, poll_eagerly.use.last_used_at) == (NOON, NOON + MINUTE)
    assert with_use_recorded(row, seen_with(0), NOON + MINUTE, poll_eagerly=True) is row


def test_the_next_session_makes_a_refreshed_host_used_again() -> None:
    done = row_of(state=HostState.DONE, used_at=BEFORE, ended_at=NOON, taken_at=NOON - MINUTE, prior_tags={"a": None})
    assert is_fresh(done)
    assert with_use_recorded(done, seen_with(0), NOON + MINUTE, poll_eagerly=False) is done
    used = with_use_recorded(done, seen_with(1), NOON + MINUTE, poll_eagerly=False)
    assert (used.state, used.use.used_at, used.found.prior_tags) == (HostState.PENDING, NOON + MINUTE, {})
    assert not is_fresh(used)


def test_a_use_makes_any_disk_stale() -> None:
    tried_again = row_of(used_at=BEFORE, last_used_at=NOON, stale_id="the one before", drained_by_earlier_failure=True)
    assert with_use_recorded(tried_again, seen_with(1), NOON + MINUTE, poll_eagerly=False).disks.stale_id is None


def test_sessions_on_a_host_in_work_are_not_recorded() -> None:
    row = row_of(state=HostState.VERIFYING, used_at=BEFORE)
    assert with_use_recorded(row, seen_with(1), NOON, poll_eagerly=True) is row


@pytest.mark.parametrize("strategy", ["reimage", "replace"])
def test_a_host_rebuilt_by_a_rollout_is_fresh(strategy: str) -> None:
    for row in (row_of(used_at=BEFORE, last_used_at=BEFORE), row_of(), row_of(state=HostState.FAILED, used_at=BEFORE)):
        after = after_rollout(row, updated(strategy))
        assert is_fresh(after)
        assert after.version == "2.0.0"
        assert after_rollout(after, updated(strategy)) == after


@pytest.mark.parametrize(
    ("row", "theirs"),
    [
        (row_of(used_at=BEFORE, last_used_at=NOON + 11 * MINUTE), updated()),
        (row_of(used_at=NOON + 5 * MINUTE, last_used_at=NOON + 5 * MINUTE), updated()),
        (row_of(used_at=BEFORE), updated("swap")),
        (row_of(), updated("swap")),
        (row_of(state=HostState.DONE, used_at=BEFORE), updated("swap")),
        (row_of(used_at=BEFORE), updated("")),
        (row_of(used_at=BEFORE), updated(state=HostState.SKIPPED)),
        (row_of(), updated(state=HostState.FAILED)),
    ],
)
def test_a_host_used_since_or_with_its_old_disk_or_not_rebuilt_is_not_fresh(
    row: RolloutHost, theirs: RolloutHost
) -> None:
    after = after_rollout(row, theirs)
    assert not is_fresh(after)
    assert after_rollout(after, theirs) == after


def test_a_rollout_does_not_change_hosts_held_by_the_refresh() -> None:
    for state in (HostState.DRAINING, HostState.REIMAGING, HostState.VERIFYING):
        row = row_of(state=state, used_at=BEFORE)
        assert after_rollout(row, updated()) is row
