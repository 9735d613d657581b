"""How many rounds hosts take, and when they are through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import HostState
from shared.models.windows import Window
from shared.planning.host_time import host_time, measured_seconds
from shared.planning.waves import FARTHEST, end_of_waves, hosts_in_waves, waves_needed
from tests.fixtures.rollout_rows import MINUTE, host

START = datetime(2026, 11, 2, 20, tzinfo=UTC)
EVENINGS = (Window.model_validate({"from": "20:00", "to": "21:00"}),)


@pytest.mark.parametrize(
    ("hosts", "at_once", "dared", "needed"),
    [(0, 4, 1, 0), (1, 4, 1, 1), (3, 4, 1, 2), (7, 4, 1, 3), (8, 4, 1, 4), (8, 4, 4, 2), (9, 4, 9, 3), (5, 1, 1, 5)],
)
def test_batches_double_up_to_the_limit(hosts: int, at_once: int, dared: int, needed: int) -> None:
    assert waves_needed(hosts, at_once, dared) == needed


@given(st.integers(1, 500), st.integers(1, 60), st.integers(1, 60))
def test_the_number_of_batches_is_the_smallest_possible(hosts: int, at_once: int, dared: int) -> None:
    needed = waves_needed(hosts, at_once, dared)
    assert hosts_in_waves(needed, at_once, dared) >= hosts > hosts_in_waves(needed - 1, at_once, dared)


@pytest.mark.parametrize(
    ("number", "windows", "minutes"),
    [(0, (), 0), (5, (), 100), (3, EVENINGS, 60), (4, EVENINGS, 24 * 60 + 20), (7, EVENINGS, 48 * 60 + 20)],
)
def test_batches_start_inside_windows_where_they_fit(number: int, windows: tuple[Window, ...], minutes: int) -> None:
    assert end_of_waves(number, 20 * MINUTE, windows, "UTC", START) == START + minutes * MINUTE


def test_a_batch_that_fits_into_no_window_ends_outside() -> None:
    assert end_of_waves(2, 90 * MINUTE, EVENINGS, "UTC", START) == START + timedelta(days=1) + 90 * MINUTE


def test_batches_without_duration_and_endless_batches_end() -> None:
    assert end_of_waves(3, timedelta(), EVENINGS, "UTC", START) == START + timedelta(seconds=3)
    assert end_of_waves(10**6, 20 * MINUTE, EVENINGS, "UTC", START) > START + FARTHEST


def test_the_time_of_a_host_is_the_median_of_completed_hosts() -> None:
    rows = [
        host(HostState.DONE, "a", taken_at=START, ended_at=START + 10 * MINUTE),
        host(HostState.DONE, "b", taken_at=START, proving_since=START + 20 * MINUTE, ended_at=START + 500 * MINUTE),
        host(HostState.VERIFYING, "c", taken_at=START, proving_since=START + 30 * MINUTE),
        host(HostState.FAILED, "d", taken_at=START, ended_at=START + 999 * MINUTE),
        host(HostState.REIMAGING, "e", taken_at=START),
    ]
    assert measured_seconds(rows) == 20 * 60
    assert host_time(rows, MINUTE) == 20 * MINUTE
    assert (measured_seconds(rows[3:]), host_time(rows[3:], MINUTE)) == (None, MINUTE)
