"""Progress is honest: percent of the work, the next moment, an end that can be believed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Approval, LastPass, Progress, Rollback
from shared.models.rollouts import RolloutKind, Schedule
from shared.views.hosts import target_of
from shared.views.next_events import next_event
from shared.views.rollout_progress import WEIGHTS, percent, progress
from tests.fixtures.rollout_rows import HOUR, MINUTE, START, host, hosts, rollout

S, H = RolloutState, HostState


def test_every_state_has_a_weight_that_rises_with_progress() -> None:
    assert set(WEIGHTS) == set(HostState)
    order = (H.PENDING, H.DRAINING, H.WAITING_FOR_LOGOFF, H.SIGNING_OUT, H.REIMAGING, H.JOINING, H.VERIFYING, H.DONE)
    weights = [WEIGHTS[state] for state in order]
    assert weights == sorted(set(weights))


@given(st.dictionaries(st.sampled_from([state.value for state in HostState]), st.integers(0, 10_000)))
def test_percent_is_whole_and_100_only_at_the_end(counts: dict[str, int]) -> None:
    assert 0 <= percent(counts, ended=False) <= 99
    assert 0 <= percent(counts, ended=True) <= 100


def test_hosts_in_work_count_partly() -> None:
    assert percent({"reimaging": 2, "pending": 2}, ended=False) > 0
    assert percent({"done": 4}, ended=True) == 100
    assert percent({}, ended=False) == 0


ON, OFF = {"version": "2.0.0"}, {"version": "1.0.0"}


@pytest.mark.parametrize(
    ("fields", "rows", "share"),
    [
        ({"state": S.CANCELLED}, [(H.DONE, ON), (H.SKIPPED, OFF), (H.SKIPPED, OFF), (H.SKIPPED, OFF)], 25),
        ({"state": S.CANCELLING}, [(H.REIMAGING, OFF), (H.SKIPPED, OFF), (H.SKIPPED, OFF), (H.SKIPPED, OFF)], 6),
        # Nothing was to be done with what was on the version, or is gone.
        ({"state": S.CANCELLED}, [(H.SKIPPED, ON), (H.SKIPPED, OFF)], 50),
        ({"state": S.CANCELLED}, [(H.DONE, ON), (H.SKIPPED, OFF | {"missing_since": START})], 100),
        ({"state": S.CANCELLED}, [(H.DONE, ON), (H.SKIPPED, {"vm_missing": True})], 100),
        # What has failed was not done.
        ({"state": S.FAILED}, [(H.DONE, ON), (H.FAILED, OFF)], 50),
        ({"state": S.FAILED}, [(H.FAILED, OFF), (H.SKIPPED, OFF)], 0),
        ({"state": S.RUNNING}, [(H.FAILED, OFF), (H.PENDING, OFF)], 50),
        # Stopped on its way back: what was not updated had nowhere to go back to.
        (
            {"state": S.CANCELLED, "rollback": Rollback(since=START)},
            [(H.DONE, OFF), (H.SKIPPED, ON | {"rolling_back": True})],
            50,
        ),
        ({"state": S.CANCELLED, "rollback": Rollback(since=START)}, [(H.DONE, OFF), (H.SKIPPED, OFF)], 100),
        ({"state": S.ROLLED_BACK, "rollback": Rollback(since=START)}, [(H.DONE, OFF), (H.SKIPPED, OFF)], 100),
        # Cancelled before anything was looked at.
        ({"state": S.CANCELLED}, [], 0),
        ({"state": S.SUCCEEDED}, [], 100),
        ({"state": S.CANCELLED, "kind": RolloutKind.REFRESH}, [(H.SKIPPED, OFF)], 100),
    ],
)
def test_a_stopped_rollout_keeps_its_progress(
    fields: dict[str, Any], rows: list[tuple[HostState, dict[str, Any]]], share: int
) -> None:
    ended = START if fields["state"].ended else None
    found = [host(state, f"h{number}", **given) for number, (state, given) in enumerate(rows)]
    assert progress(rollout(ended_at=ended, **fields), found, START).percent == share


def test_the_estimate_is_a_default_before_the_first_host_and_the_median_after_it() -> None:
    assert progress(rollout(), hosts(H.REIMAGING), START).minutes_per_host == 20
    assert progress(rollout(), hosts(H.DONE, H.DONE, minutes=7), START).minutes_per_host == 7


@pytest.mark.parametrize("state", [S.PAUSED, S.AWAITING_APPROVAL])
def test_a_rollout_waiting_for_approval_has_no_expected_end(state: RolloutState) -> None:
    view = progress(rollout(state=state), hosts(H.PENDING), START)
    assert view.expected_end is None
    assert view.next
    assert view.next.at is None
    assert "somebody" in view.next.text


@pytest.mark.parametrize(
    ("now", "at", "action"),
    [
        (0, 2, "The first hosts may be taken."),
        (2, 7, "Users are asked to sign out."),
        (7, 7.75, "Users are asked to sign out."),
        (7.75, 8, "The remaining sessions are ended."),
        (8, None, "The remaining hosts are updated."),
    ],
)
def test_the_next_event_comes_from_schedule_and_policy(now: float, at: float | None, action: str) -> None:
    schedule = Schedule(
        mode=ScheduleMode.ON_LOGOFF, begin_at=START + 2 * HOUR, force_at=START + 8 * HOUR, time_zone="UTC"
    )
    asked = rollout(schedule=schedule, policy={"warn_minutes": (60, 15)})
    found = next_event(asked, START + now * HOUR)
    assert found
    assert (found.at, found.text) == (None if at is None else START + at * HOUR, action)


def test_of_events_at_the_same_time_the_next_event_is_the_one_that_users_notice() -> None:
    asked = rollout(ScheduleMode.AT, state=S.SCHEDULED, policy={"warn_minutes": []})
    found = next_event(asked, START)
    assert found
    assert (found.code, found.at) == ("sessions_end", START + 8 * HOUR)


def test_the_next_event_after_the_deadline_is_the_moved_one_of_the_other_hosts() -> None:
    schedule = rollout().schedule.replace(force_at=START, others_force_at=START + HOUR)
    found = next_event(rollout(schedule=schedule, policy={"warn_minutes": []}), START)
    assert found
    assert (found.code, found.at) == ("sessions_end", START + HOUR)


def test_a_host_that_a_roll_back_leaves_alone_has_its_own_version_as_target() -> None:
    back = rollout(rollback=Rollback(since=START))
    assert target_of(back, host(H.PENDING, version="1.0.0")) == "1.0.0"
    assert target_of(rollout(), host(H.PENDING, version="1.0.0")) == "2.0.0"


def test_the_next_event_follows_a_reschedule_without_a_pass() -> None:
    look = LastPass(at=START, hosts=3, accepting=2, sessions=3, sessions_to_end=2)
    for hours in (8, 4):
        view = progress(rollout(progress=Progress(last_pass=look), force=hours * HOUR), hosts(H.PENDING), START)
        assert view.next
        assert view.next.at == START + (hours - 1) * HOUR
        assert (view.sessions_open, view.accepting, view.last_pass_at) == (2, 2, START)


def test_an_ended_rollout_has_no_next_event() -> None:
    ended: datetime = START + HOUR
    view = progress(rollout(state=S.SUCCEEDED, ended_at=ended), hosts(H.DONE, H.SKIPPED), ended)
    assert (view.percent, view.next, view.expected_end, view.counts) == (100, None, ended, {"done": 1, "skipped": 1})


OPENS = "The maintenance window opens, so hosts may be taken."
CLOSES = "The maintenance window closes: hosts that are being rebuilt finish, no other is started."
NIGHTS = {"windows": [{"from": "20:00", "to": "22:00"}], "warn_minutes": (60,)}


@pytest.mark.parametrize(
    ("begin", "now", "at", "action"),
    [
        (0, 0, 11, OPENS),
        (2, 0, 11, OPENS),
        (11.5, 0, 11.5, "The first hosts may be taken."),
        (0, 11.5, 13, CLOSES),
        (0, 13, 35, OPENS),
        (0, 35, 35.5, "Users are asked to sign out."),
        (0, 36.5, 37, CLOSES),
        (0, 37, 59, OPENS),
    ],
)
def test_the_next_event_respects_windows(begin: float, now: float, at: float, action: str) -> None:
    schedule = Schedule(
        mode=ScheduleMode.ON_LOGOFF, begin_at=START + begin * HOUR, force_at=START + 36.5 * HOUR, time_zone="UTC"
    )
    found = next_event(rollout(schedule=schedule, policy=NIGHTS), START + now * HOUR)
    assert found
    assert (found.at, found.text) == (START + at * HOUR, action)


def test_windows_are_in_the_time_zone_of_the_pool_not_of_the_schedule() -> None:
    view = progress(rollout(policy=NIGHTS, zone="Asia/Tokyo"), hosts(H.PENDING), START)
    assert (view.windows_opens_at, view.windows_open_until) == (START + 2 * HOUR, None)
    view = progress(rollout(policy=NIGHTS, zone="Asia/Tokyo"), hosts(H.PENDING), START + 3 * HOUR)
    assert (view.windows_opens_at, view.windows_open_until) == (None, START + 4 * HOUR)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"policy": {"windows": [{"from": "00:00", "to": "24:00"}]}},
        {"policy": NIGHTS, "state": S.SUCCEEDED, "ended_at": START},
        {"policy": NIGHTS, "state": S.ROLLING_BACK, "rollback": Rollback(since=START)},
    ],
)
def test_windows_that_limit_nothing_are_not_shown(fields: dict[str, object]) -> None:
    view = progress(rollout(**fields), hosts(H.PENDING), START)  # type: ignore[arg-type]
    assert (view.windows_opens_at, view.windows_open_until) == (None, None)


@pytest.mark.parametrize(
    ("begin", "now", "at", "action"),
    [
        (0, 0, 7, "Hosts are being rolled back. Next: users are asked to sign out."),
        (2, 0, 7, "Hosts are being rolled back. Next: users are asked to sign out."),
        (0, 7, 8, "Hosts are being rolled back. Next: the remaining sessions are ended."),
        (0, 8, None, "Hosts are being rolled back."),
    ],
)
def test_a_roll_back_waits_for_no_window_but_keeps_the_deadline(
    begin: float, now: float, at: float | None, action: str
) -> None:
    schedule = Schedule(
        mode=ScheduleMode.ON_LOGOFF, begin_at=START + begin * HOUR, force_at=START + 8 * HOUR, time_zone="UTC"
    )
    back = rollout(state=S.ROLLING_BACK, rollback=Rollback(since=START), policy=NIGHTS, schedule=schedule)
    view = progress(back, hosts(H.PENDING), START + now * HOUR)
    assert view.rolling_back
    assert view.next
    assert (view.next.at, view.next.text) == (None if at is None else START + at * HOUR, action)


def test_a_view_shows_since_when_approval_is_awaited_and_who_approved() -> None:
    waits = rollout(state=S.AWAITING_APPROVAL, approval=Approval(awaiting_since=START - HOUR))
    assert progress(waits, hosts(H.PENDING), START).awaiting_since == START - HOUR
    view = progress(rollout(approval=Approval(at=START, by="ann")), hosts(H.PENDING), START)
    assert (view.approved_at, view.approved_by) == (START, "ann")


def test_a_refresh_rollout_has_no_end_and_no_deadline() -> None:
    view = progress(rollout(kind=RolloutKind.REFRESH), hosts(H.PENDING), START)
    assert (view.kind, view.expected_end, view.expected_end_bounds) == (RolloutKind.REFRESH, None, None)
    assert view.next
    assert (view.next.at, view.next.text) == (None, "Hosts are refreshed after use.")


def test_hosts_are_counted_per_version() -> None:
    rows = [
        host(H.DONE, "a", version="2.0.0"),
        host(H.FAILED, "b", version="1.0.0"),
        host(H.PENDING, "c", version="1.0.0"),
        host(H.SKIPPED, "d"),
        host(H.SKIPPED, "e", version="1.0.0", missing_since=START),
        host(H.SKIPPED, "f", version="1.0.0", vm_missing=True),
    ]
    assert progress(rollout(), rows, START).versions == {"1.0.0": 2, "2.0.0": 1, "unknown": 1}


def test_the_view_shows_the_earliest_and_latest_end() -> None:
    view = progress(rollout(), hosts(H.DONE, H.WAITING_FOR_LOGOFF, sessions=1), START)
    assert view.expected_end_bounds == (START + 10 * MINUTE, START + 8 * HOUR + 10 * MINUTE)
    assert view.expected_end == START + 8 * HOUR + 10 * MINUTE
