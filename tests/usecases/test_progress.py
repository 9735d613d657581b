"""Progress is honest: percent of the work, the next moment, an end that can be believed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.policy import PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.rollouts import Look, Rollout, RolloutHost, Schedule
from shared.publishing.progress import FIRST_GUESS, WEIGHTS, expected_end, next_moment, percent, progress
from shared.states import HostState, RolloutState
from tests.fixtures.app import START

HOUR = timedelta(hours=1)
S, H = RolloutState, HostState


def rollout(
    mode: ScheduleMode = ScheduleMode.ON_LOGOFF,
    state: RolloutState = S.RUNNING,
    *,
    force: timedelta = 8 * HOUR,
    policy: dict[str, Any] | None = None,
    **fields: Any,
) -> Rollout:
    begin = START if mode is ScheduleMode.ON_LOGOFF else START + (force if mode is ScheduleMode.AT else timedelta())
    forced = START if mode is ScheduleMode.NOW else START + force
    given: dict[str, Any] = {
        "id": "1-a",
        "pool": "office",
        "state": state,
        "image": "win11",
        "definition_id": "/d",
        "version": "2.0.0",
        "version_id": "/d/versions/2.0.0",
        "replicas": 1,
        "from_version": "1.0.0",
        "schedule": Schedule(mode=mode, begin_at=begin, force_at=forced, time_zone="UTC"),
        "policy": resolve_policy(mode, PolicyOverrides(settle_seconds=0, **(policy or {}))),
        "created_at": START,
    }
    return Rollout(**(given | fields))


def hosts(*states: HostState, sessions: int = 0, minutes: float = 10) -> list[RolloutHost]:
    """Rows in these states; those in work or done were taken at START and took so many minutes."""
    rows = []
    for number, state in enumerate(states):
        worked = state.in_work or state is H.DONE
        ended = START + timedelta(minutes=minutes) if state is H.DONE else None
        rows.append(
            RolloutHost(
                rollout="1-a",
                host=f"h{number}",
                vm_id=f"/{number}",
                state=state,
                sessions=0 if worked else sessions,
                taken_at=START if worked else None,
                ended_at=ended,
            )
        )
    return rows


def test_every_state_has_a_weight_and_work_weighs_more_the_further_it_is() -> None:
    assert set(WEIGHTS) == set(HostState)
    order = (H.PENDING, H.DRAINING, H.WAITING_FOR_LOGOFF, H.SIGNING_OUT, H.REIMAGING, H.JOINING, H.VERIFYING, H.DONE)
    weights = [WEIGHTS[state] for state in order]
    assert weights == sorted(set(weights))


@given(st.dictionaries(st.sampled_from([state.value for state in HostState]), st.integers(0, 10_000)))
def test_percent_is_whole_and_100_only_at_the_end(counts: dict[str, int]) -> None:
    assert 0 <= percent(counts, ended=False) <= 99
    assert 0 <= percent(counts, ended=True) <= 100


def test_hosts_in_work_count_for_something() -> None:
    assert percent({"reimaging": 2, "pending": 2}, ended=False) > 0
    assert percent({"done": 4}, ended=True) == 100
    assert percent({}, ended=False) == 0


def test_before_the_first_host_a_guess_after_it_the_median() -> None:
    assert progress(rollout(), hosts(H.REIMAGING), START).minutes_per_host == FIRST_GUESS / timedelta(minutes=1)
    assert progress(rollout(), hosts(H.DONE, H.DONE, minutes=7), START).minutes_per_host == 7


def test_a_now_rollout_ends_wave_by_wave() -> None:
    asked = rollout(ScheduleMode.NOW, policy={"max_in_flight": 2})
    rows = hosts(H.DONE, *[H.PENDING] * 4, sessions=1)
    assert expected_end(asked, rows, START) == START + timedelta(minutes=20)


def test_people_who_stay_are_waited_for_until_the_deadline() -> None:
    rows = hosts(H.DONE, H.WAITING_FOR_LOGOFF, H.WAITING_FOR_LOGOFF, sessions=1)
    assert expected_end(rollout(), rows, START) == START + 8 * HOUR + timedelta(minutes=10)


def test_a_late_host_ends_now_not_in_the_past() -> None:
    later = START + HOUR
    assert expected_end(rollout(), hosts(H.DONE, H.VERIFYING), later) == later


@pytest.mark.parametrize("state", [S.PAUSED, S.AWAITING_APPROVAL])
def test_nobody_knows_the_end_of_what_waits_for_a_person(state: RolloutState) -> None:
    view = progress(rollout(state=state), hosts(H.PENDING), START)
    assert view.expected_end is None
    assert view.next
    assert view.next.at is None
    assert "somebody" in view.next.does


def test_cancelling_ends_with_the_hosts_in_work() -> None:
    rows = hosts(H.DONE, H.REIMAGING, H.PENDING, sessions=1)
    assert expected_end(rollout(state=S.CANCELLING), rows, START) == START + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("now", "at", "does"),
    [
        (0, 2, "hosts may be taken from then on"),
        (2, 7, "people are asked to log off"),
        (7, 7.75, "people are asked to log off"),
        (7.75, 8, "remaining sessions are ended"),
        (8, None, "the remaining hosts are updated"),
    ],
)
def test_the_next_moment_comes_from_schedule_and_policy(now: float, at: float | None, does: str) -> None:
    schedule = Schedule(
        mode=ScheduleMode.ON_LOGOFF, begin_at=START + 2 * HOUR, force_at=START + 8 * HOUR, time_zone="UTC"
    )
    asked = rollout(schedule=schedule, policy={"warn_minutes": (60, 15)})
    found = next_moment(asked, START + now * HOUR)
    assert found
    assert (found.at, found.does) == (None if at is None else START + at * HOUR, does)


def test_the_next_moment_moves_with_the_schedule_without_another_look() -> None:
    look = Look(at=START, hosts=3, accepting=2, sessions=3, sessions_to_end=2)
    for hours in (8, 4):
        view = progress(rollout(look=look, force=hours * HOUR), hosts(H.PENDING), START)
        assert view.next
        assert view.next.at == START + (hours - 1) * HOUR
        assert (view.sessions_open, view.accepting, view.looked_at) == (2, 2, START)


def test_after_the_end_nothing_is_next() -> None:
    ended: datetime = START + HOUR
    view = progress(rollout(state=S.SUCCEEDED, ended_at=ended), hosts(H.DONE, H.SKIPPED), ended)
    assert (view.percent, view.next, view.expected_end, view.counts) == (100, None, ended, {"done": 1, "skipped": 1})
