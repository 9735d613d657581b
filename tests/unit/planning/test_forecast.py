"""When a rollout ends: with waves and a ramp, windows, baking, and people who stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Progress, Rollback
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.forecast import Forecast, forecast
from tests.fixtures.rollout_rows import HOUR, MINUTE, START, host, hosts, rollout

S, H = RolloutState, HostState
NIGHTS = [{"from": "20:00", "to": "21:00"}]


def expected(asked: Rollout, rows: list[RolloutHost], now: datetime = START) -> datetime | None:
    return forecast(asked, rows, now).expected


def test_a_now_rollout_ends_wave_by_wave() -> None:
    asked = rollout(ScheduleMode.NOW, policy={"max_in_flight": 2})
    rows = hosts(H.DONE, *[H.PENDING] * 4, sessions=1)
    assert expected(asked, rows) == START + 20 * MINUTE


def test_the_forecast_waits_for_remaining_users_until_the_deadline() -> None:
    rows = hosts(H.DONE, H.WAITING_FOR_LOGOFF, H.WAITING_FOR_LOGOFF, sessions=1)
    assert expected(rollout(), rows) == START + 8 * HOUR + 10 * MINUTE


def test_a_late_host_ends_now_not_in_the_past() -> None:
    assert expected(rollout(), hosts(H.DONE, H.VERIFYING), START + HOUR) == START + HOUR


def test_cancelling_ends_with_the_hosts_in_work() -> None:
    rows = hosts(H.DONE, H.REIMAGING, H.PENDING, sessions=1)
    assert expected(rollout(state=S.CANCELLING), rows) == START + 10 * MINUTE


def test_the_forecast_waits_for_the_canary_host_and_then_batches_grow() -> None:
    asked = rollout(policy={"canary_hosts": 1, "bake_minutes": 90, "max_unavailable": 4}, first_guess=600.0)
    # One, watched for 90 minutes, then 2, then 4, then the last two, 10 minutes each.
    assert expected(asked, hosts(*[H.PENDING] * 9)) == START + (10 + 90 + 10 + 10 + 10) * MINUTE


def test_a_baking_host_bakes_only_for_its_remaining_time() -> None:
    asked = rollout(policy={"bake_minutes": 60}, first_guess=600.0)
    watched = host(H.VERIFYING, "a", canary=True, taken_at=START, proving_since=START + 10 * MINUTE)
    rows = [watched, *hosts(H.PENDING, H.PENDING)]
    assert expected(asked, rows, START + 30 * MINUTE) == START + (10 + 60 + 20) * MINUTE


def test_baking_time_does_not_count_as_rebuild_time() -> None:
    proved = {"taken_at": START, "proving_since": START + 5 * MINUTE, "ended_at": START + 500 * MINUTE}
    rows = [host(H.DONE, "a", **proved), host(H.PENDING, "b")]
    later = START + 500 * MINUTE
    assert (
        expected(rollout(ScheduleMode.NOW, progress=Progress(canary_passed_at=later)), rows, later)
        == later + 5 * MINUTE
    )


def test_work_that_does_not_fit_into_a_window_continues_in_the_next() -> None:
    asked = rollout(ScheduleMode.AT, force=11 * HOUR, policy={"windows": NIGHTS, "max_in_flight": 1})
    # At 20:00, 20:20 and 20:40, then on the next evening.
    assert expected(asked, hosts(*[H.PENDING] * 3)) == START + 12 * HOUR
    assert expected(asked, hosts(*[H.PENDING] * 4)) == START + 35 * HOUR + 20 * MINUTE


def test_hosts_are_drained_and_settle_after_the_window_opens() -> None:
    asked = rollout(force=12 * HOUR - MINUTE, policy={"windows": NIGHTS, "settle_seconds": 60, "canary_hosts": 0})
    assert expected(asked, hosts(H.DONE, H.PENDING)) == START + 11 * HOUR + 12 * MINUTE


def test_a_rollout_with_nothing_to_do_ends_when_it_starts() -> None:
    later = rollout(ScheduleMode.AT, S.SCHEDULED, force=5 * HOUR)
    assert expected(later, hosts(H.SKIPPED)) == START + 5 * HOUR


def test_a_host_that_accepts_sessions_may_take_until_the_deadline() -> None:
    rows = hosts(H.DONE, H.PENDING, H.DRAINING)
    assert forecast(rollout(), rows, START) == Forecast(
        START + 20 * MINUTE, (START + 20 * MINUTE, START + 8 * HOUR + 10 * MINUTE)
    )
    assert forecast(rollout(), [rows[0], rows[2]], START).bounds == (START + 10 * MINUTE, START + 10 * MINUTE)


def test_the_forecast_of_a_roll_back_ignores_windows_and_counts_only_changed_hosts() -> None:
    back = rollout(
        state=S.ROLLING_BACK,
        rollback=Rollback(since=START),
        policy={"windows": NIGHTS, "max_in_flight": 1},
        force=-HOUR,
    )
    rows = [host(H.PENDING, "a", rolling_back=True), host(H.PENDING, "b")]
    assert expected(back, rows) == START + 20 * MINUTE


def test_a_min_available_of_the_whole_pool_keeps_all_hosts_until_the_deadline() -> None:
    asked = rollout(policy={"min_available": "100%"})
    assert expected(asked, hosts(H.PENDING, H.PENDING)) == START + 8 * HOUR + (20 + 20) * MINUTE


def test_a_min_available_of_the_whole_pool_in_waves_has_no_end() -> None:
    asked = rollout(policy={"min_available": "100%", "after_force": "waves"})
    assert forecast(asked, hosts(H.PENDING, H.PENDING), START) == Forecast()


def test_an_end_beyond_a_year_is_not_estimated() -> None:
    one_a_week = {"windows": [{"days": ["sat"], "from": "20:00", "to": "20:30"}], "max_in_flight": 1}
    asked = rollout(ScheduleMode.AT, force=131 * HOUR, policy=one_a_week)
    assert expected(asked, hosts(*[H.PENDING] * 20)) is not None
    assert forecast(asked, hosts(*[H.PENDING] * 200), START) == Forecast()


@pytest.mark.parametrize("policy", [{}, {"windows": NIGHTS}, {"canary_hosts": 2, "bake_minutes": 30}])
@pytest.mark.parametrize("mode", list(ScheduleMode))
@pytest.mark.parametrize("states", [(H.PENDING,) * 5, (H.DONE, H.REIMAGING, H.WAITING_FOR_LOGOFF, H.PENDING)])
def test_the_expected_end_lies_between_the_earliest_and_latest(
    policy: dict[str, Any], mode: ScheduleMode, states: tuple[HostState, ...]
) -> None:
    asked = rollout(mode, policy=policy)
    for sessions in (0, 2):
        found = forecast(asked, hosts(*states, sessions=sessions), START)
        assert found.bounds
        assert found.expected
        assert START <= found.bounds[0] <= found.expected <= found.bounds[1]


def test_after_the_end_there_is_no_forecast() -> None:
    ended = rollout(state=S.FAILED, ended_at=START)
    assert forecast(ended, hosts(H.PENDING), START + HOUR) == Forecast(START, (START, START))


class Counted(list[RolloutHost]):
    """Hosts that count how often somebody goes through them all."""

    times = 0

    def __iter__(self) -> Iterator[RolloutHost]:
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize("working", [1, 50])
def test_the_cost_of_a_forecast_does_not_depend_on_hosts_in_work(working: int) -> None:
    rows = Counted(hosts(*[H.REIMAGING] * working, *[H.PENDING] * 50))
    forecast(rollout(), rows, START)
    assert rows.times < 20
