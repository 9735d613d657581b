"""Windows: as the clock on the wall in the pool's zone says, on the days it is changed too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule
from shared.models.windows import DAYS, Window
from shared.planning.windows import (
    FOREVER,
    may_begin,
    moved_into_window,
    open_until,
    openings,
    opens_at,
    room_at,
    why_outside_windows,
)

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

CHANGES = {
    BERLIN: ("2026-03-29T01:00", "2026-10-25T01:00"),
    NEW_YORK: ("2026-03-08T07:00", "2026-11-01T06:00"),
    LORD_HOWE: ("2026-04-04T15:00", "2026-10-03T15:30"),
    "UTC": ("2026-06-10T00:00", "2026-12-31T23:00"),
}
"""Moments (UTC) at which the clocks change there, or would."""


def window(begins: str, ends: str, *days: str) -> Window:
    return Window.model_validate({"from": begins, "to": ends} | ({"days": days} if days else {}))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Minutes:
    """The same by counting: every minute is looked at on the clock of the zone. Shares nothing with the code."""

    def __init__(self, windows: tuple[Window, ...], zone: str, start: datetime, minutes: int) -> None:
        self.start = start
        place = ZoneInfo(zone)
        self.open = [self._open(windows, (start + n * MINUTE).astimezone(place)) for n in range(minutes)]

    @staticmethod
    def _open(windows: tuple[Window, ...], at: datetime) -> bool:
        minute_of_day = at.hour * 60 + at.minute
        for given_window in windows:
            days = [list(DAYS).index(day) for day in given_window.days]
            begins, ends = (int(text[:2]) * 60 + int(text[3:]) for text in (given_window.begins, given_window.ends))
            if ends > begins and at.weekday() in days and begins <= minute_of_day < ends:
                return True
            if ends <= begins and (
                (at.weekday() in days and minute_of_day >= begins)
                or ((at.weekday() - 1) % 7 in days and minute_of_day < ends)
            ):
                return True
        return False

    def closes(self) -> datetime | None:
        """When work has to stop, if it is allowed at the start and stops at all in this time."""
        return self.start + self.open.index(False) * MINUTE if False in self.open else None

    def opens(self) -> datetime | None:
        """The first open minute."""
        return self.start + self.open.index(True) * MINUTE if True in self.open else None

    def room(self, minutes: int) -> datetime | None:
        """The first minute from which so many on end are open."""
        run = 0
        for number, is_open in enumerate(self.open):
            run = run + 1 if is_open else 0
            if run == minutes:
                return self.start + (number - minutes + 1) * MINUTE
        return None


@st.composite
def many_windows(draw: st.DrawFn) -> tuple[Window, ...]:
    times = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from((0, 15, 30)))
    near_the_change = st.sampled_from(("01:00", "01:30", "02:00", "02:15", "02:30", "03:00", "00:00"))
    days = st.lists(st.sampled_from([str(day) for day in DAYS]), min_size=1, max_size=7)
    one = st.builds(
        lambda begins, ends, on: window(begins, ends, *on),
        times | near_the_change,
        times | near_the_change | st.just("24:00"),
        days,
    )
    return tuple(draw(st.lists(one, min_size=1, max_size=3)))


@st.composite
def zone_and_moment(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a minute about the time its clocks change."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    return zone, utc(draw(st.sampled_from(CHANGES[zone]))) + draw(st.integers(-3_000, 600)) * MINUTE


@settings(max_examples=60)
@given(many_windows(), zone_and_moment())
def test_open_and_closed_match_a_count_minute_by_minute(windows: tuple[Window, ...], at: tuple[str, datetime]) -> None:
    zone, now = at
    counted = Minutes(windows, zone, now, 3 * 1_440)
    until, opens = open_until(windows, zone, now), opens_at(windows, zone, now)
    assert (until is None) is (not counted.open[0])
    if until is not None:
        assert counted.closes() == (until if until < now + 3 * 1_440 * MINUTE else None)
    assert counted.opens() == (opens if opens < now + 3 * 1_440 * MINUTE else None)


@settings(max_examples=50)
@given(many_windows(), zone_and_moment(), st.integers(1, 300))
def test_room_in_a_window_matches_a_count_minute_by_minute(
    windows: tuple[Window, ...], at: tuple[str, datetime], minutes: int
) -> None:
    zone, now = at
    counted = Minutes(windows, zone, now, 3 * 1_440).room(minutes)
    room = room_at(windows, zone, now, minutes * MINUTE)
    if counted is not None:
        assert room == counted
    assert may_begin(windows, zone, now, minutes * MINUTE) is (room == now)
    assert room >= now
    assert open_until(windows, zone, room) is not None


@settings(max_examples=50)
@given(zone_and_moment(), st.timedeltas(timedelta(), timedelta(days=400)))
def test_without_windows_work_is_always_allowed(at: tuple[str, datetime], need: timedelta) -> None:
    zone, now = at
    assert (open_until((), zone, now), opens_at((), zone, now)) == (FOREVER, now)
    assert may_begin((), zone, now, need)


NIGHTS = (window("22:00", "06:00"),)
HOST = timedelta(minutes=22)
"""What a host takes."""


@pytest.mark.parametrize(
    ("windows", "now", "closes"),
    [
        (NIGHTS, "2026-11-02T23:00", "2026-11-03T06:00"),
        (NIGHTS, "2026-11-03T05:59", "2026-11-03T06:00"),
        (NIGHTS, "2026-11-03T06:00", None),
        ((window("22:00", "06:00", "fri"),), "2026-11-07T03:00", "2026-11-07T06:00"),
        ((window("22:00", "06:00", "fri"),), "2026-11-06T03:00", None),
        ((window("20:00", "24:00", "fri"), window("00:00", "08:00", "sat")), "2026-11-06T21:00", "2026-11-07T08:00"),
        ((window("20:00", "24:00", "fri"), window("07:00", "08:00", "sat")), "2026-11-06T21:00", "2026-11-07T00:00"),
        ((window("12:00", "12:00", "sat"),), "2026-11-07T13:00", "2026-11-08T12:00"),
    ],
)
def test_windows_over_midnight_and_adjacent_windows_are_joined(
    windows: tuple[Window, ...], now: str, closes: str | None
) -> None:
    assert open_until(windows, BERLIN, local(now)) == (local(closes) if closes else None)


def test_all_day_every_day_never_closes() -> None:
    assert open_until((window("00:00", "24:00"),), BERLIN, utc("2026-03-01T00:00")) == FOREVER


def test_a_week_closed_only_during_the_clock_change_is_open_for_two_weeks() -> None:
    skipped = (window("00:00", "24:00", "mon", "tue", "wed", "thu", "fri", "sat"), window("03:00", "02:00", "sun"))
    windows = (*skipped, window("00:00", "02:00", "sun"))
    assert open_until(windows, BERLIN, local("2026-03-22T03:00")) == local("2026-04-05T02:00")


@pytest.mark.parametrize(
    ("zone", "begins", "ends", "now", "opens", "closes"),
    [
        # The clocks skip 02:00-03:00: the window opens with what is left of it.
        (BERLIN, "02:30", "04:00", "2026-03-28T12:00", "2026-03-29T01:00", "2026-03-29T02:00"),
        (LORD_HOWE, "01:00", "03:00", "2026-10-03T12:00", "2026-10-03T14:30", "2026-10-03T16:00"),
        # They repeat 02:00-03:00: the night is an hour longer.
        (BERLIN, "22:00", "06:00", "2026-10-24T12:00", "2026-10-24T20:00", "2026-10-25T05:00"),
        (NEW_YORK, "00:30", "02:00", "2026-11-01T00:00", "2026-11-01T04:30", "2026-11-01T07:00"),
        # The window closes at 02:30, opens again with the second 02:00, and closes with the second 02:30.
        (BERLIN, "01:00", "02:30", "2026-10-24T22:00", "2026-10-24T23:00", "2026-10-25T00:30"),
        (BERLIN, "01:00", "02:30", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"),
    ],
)
def test_windows_follow_clock_changes(zone: str, begins: str, ends: str, now: str, opens: str, closes: str) -> None:
    windows = (window(begins, ends),)
    assert opens_at(windows, zone, utc(now)) == utc(opens)
    assert open_until(windows, zone, utc(opens)) == utc(closes)


def test_a_window_skipped_by_a_clock_change_does_not_open_that_day() -> None:
    assert opens_at((window("02:00", "03:00", "sun"),), BERLIN, local("2026-03-28T12:00")) == local("2026-04-05T02:00")


def test_a_host_starts_only_when_it_ends_inside() -> None:
    need, closes = 20 * MINUTE, local("2026-11-03T06:00")
    assert may_begin(NIGHTS, BERLIN, closes - need, need)
    assert not may_begin(NIGHTS, BERLIN, closes - need + MINUTE, need)
    assert room_at(NIGHTS, BERLIN, closes - need + MINUTE, need) == local("2026-11-03T22:00")


def test_a_host_that_fits_into_no_window_may_start_early_in_the_longest() -> None:
    windows, need = (window("12:00", "12:04"), window("22:00", "22:10", "sat")), 20 * MINUTE
    opens = local("2026-11-07T22:00")
    assert room_at(windows, BERLIN, local("2026-11-03T11:00"), need) == opens
    assert not may_begin(windows, BERLIN, local("2026-11-07T12:01"), need)
    assert may_begin(windows, BERLIN, opens + 5 * MINUTE, need)
    assert not may_begin(windows, BERLIN, opens + 6 * MINUTE, need)


def plan_of(mode: ScheduleMode, begin: str, force: str) -> Schedule:
    return Schedule(mode=mode, begin_at=local(begin), force_at=local(force), time_zone=BERLIN)


@pytest.mark.parametrize(
    ("mode", "begin", "force", "becomes"),
    [
        (
            ScheduleMode.NOW,
            "2026-11-02T10:00",
            "2026-11-02T10:00",
            (ScheduleMode.AT, "2026-11-02T22:00", "2026-11-02T22:00"),
        ),
        (
            ScheduleMode.AT,
            "2026-11-04T12:00",
            "2026-11-04T12:00",
            (ScheduleMode.AT, "2026-11-04T22:00", "2026-11-04T22:00"),
        ),
        (
            ScheduleMode.ON_LOGOFF,
            "2026-11-02T10:00",
            "2026-11-04T23:00",
            (ScheduleMode.ON_LOGOFF, "2026-11-02T22:00", "2026-11-04T23:00"),
        ),
        (
            ScheduleMode.ON_LOGOFF,
            "2026-11-02T23:00",
            "2026-11-04T12:00",
            (ScheduleMode.ON_LOGOFF, "2026-11-02T23:00", "2026-11-04T22:00"),
        ),
    ],
)
def test_times_outside_the_windows_move_to_the_next_opening(
    mode: ScheduleMode, begin: str, force: str, becomes: tuple[ScheduleMode, str, str]
) -> None:
    moved = moved_into_window(plan_of(mode, begin, force), NIGHTS, BERLIN, local("2026-11-02T10:00"), HOST)
    assert moved == plan_of(*becomes)
    assert why_outside_windows(moved, NIGHTS, BERLIN, HOST) == ""


@pytest.mark.parametrize("windows", [(), NIGHTS])
@pytest.mark.parametrize("mode", list(ScheduleMode))
def test_a_schedule_inside_stays_as_it_is(mode: ScheduleMode, windows: tuple[Window, ...]) -> None:
    inside = plan_of(mode, "2026-11-02T23:00", "2026-11-02T23:00")
    assert moved_into_window(inside, windows, BERLIN, local("2026-11-02T23:00"), HOST) == inside


def test_a_ring_that_starts_late_still_starts_in_a_window() -> None:
    late = moved_into_window(
        plan_of(ScheduleMode.NOW, "2026-11-02T23:00", "2026-11-02T23:00"),
        NIGHTS,
        BERLIN,
        local("2026-11-03T08:00"),
        HOST,
    )
    assert late == plan_of(ScheduleMode.AT, "2026-11-03T22:00", "2026-11-03T22:00")


def test_a_deadline_without_time_for_a_host_is_outside_too() -> None:
    late = plan_of(ScheduleMode.AT, "2026-11-03T05:45", "2026-11-03T05:45")
    assert why_outside_windows(late, NIGHTS, BERLIN, timedelta(minutes=15)) == ""
    assert why_outside_windows(late, NIGHTS, BERLIN, HOST) == (
        "2026-11-03T05:45+01:00 is too late: a host takes about 22 minutes, and the window closes at "
        "2026-11-03T06:00+01:00; the next ones open at 2026-11-03T22:00+01:00 or 2026-11-04T22:00+01:00"
    )
    moved = moved_into_window(late, NIGHTS, BERLIN, local("2026-11-02T10:00"), HOST)
    assert moved.force_at == local("2026-11-03T22:00")


def test_a_deadline_outside_is_refused_with_the_next_two_openings() -> None:
    # The night between them is the one in which the clocks are set back.
    text = why_outside_windows(plan_of(ScheduleMode.AT, "2026-10-24T12:00", "2026-10-24T12:00"), NIGHTS, BERLIN, HOST)
    assert text == (
        "2026-10-24T12:00+02:00 is outside the windows (mon, tue, wed, thu, fri, sat, sun 22:00-06:00, Europe/Berlin); "
        "they open next at 2026-10-24T22:00+02:00 or 2026-10-25T22:00+01:00"
    )


def test_openings_are_returned_in_order() -> None:
    found = openings(NIGHTS, BERLIN, local("2026-11-02T22:00"))[:2]
    assert found == [local("2026-11-03T22:00"), local("2026-11-04T22:00")]
    assert openings((), BERLIN, local("2026-11-02T22:00")) == []
