"""What people type as a moment, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshcoat_cli.times.errors import BadTime
from freshcoat_cli.times.parse import parse

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca")
NOW = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
"""Monday 30 November, 00:00 in Amsterdam."""


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("tue 01:00", "2026-12-01T01:00+01:00"),
        ("Tuesday 01:00", "2026-12-01T01:00+01:00"),
        ("SUN 9:30", "2026-12-06T09:30+01:00"),
        ("tomorrow 22:00", "2026-12-01T22:00+01:00"),
        ("tomorrow at 22:00", "2026-12-01T22:00+01:00"),
        ("today 22:00", "2026-11-30T22:00+01:00"),
        ("22:00", "2026-11-30T22:00+01:00"),
        ("00:00", "2026-12-01T00:00+01:00"),
        ("10pm", "2026-11-30T22:00+01:00"),
        ("tomorrow 9:30 am", "2026-12-01T09:30+01:00"),
        ("fri noon", "2026-12-04T12:00+01:00"),
        ("+2h", "2026-11-30T02:00+01:00"),
        ("+1h30m", "2026-11-30T01:30+01:00"),
        ("+90 min", "2026-11-30T01:30+01:00"),
        ("+1d", "2026-12-01T00:00+01:00"),
        ("+1w 2h", "2026-12-07T02:00+01:00"),
        ("2026-12-07T01:00", "2026-12-07T01:00+01:00"),
        ("2026-12-07 01:00", "2026-12-07T01:00+01:00"),
        ("2026-12-07T01:00Z", "2026-12-07T02:00+01:00"),
        ("2026-12-07T01:00-05:00", "2026-12-07T07:00+01:00"),
        ("2026-12-07T01:00:30.5+01:00", "2026-12-07T01:00:30+01:00"),
        ("7 dec 01:00", "2026-12-07T01:00+01:00"),
        ("december 7, 2027 01:00", "2027-12-07T01:00+01:00"),
        ("1 jan 06:00", "2027-01-01T06:00+01:00"),
        ("29 feb 06:00", "2028-02-29T06:00+01:00"),
        ("  tomorrow   22:00 ", "2026-12-01T22:00+01:00"),
    ],
)
def test_what_people_type(typed: str, sent: str) -> None:
    assert parse(typed, now=NOW, zone=AMSTERDAM).sent == sent


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("mon 01:00", ("2026-11-30T01:00+01:00", "2026-12-07T01:00+01:00")),
        ("next tue 01:00", ("2026-12-01T01:00+01:00", "2026-12-08T01:00+01:00")),
        ("12/7 01:00", ("2026-12-07T01:00+01:00", "2027-07-12T01:00+02:00")),
        ("13/12/2026 01:00", ("2026-12-13T01:00+01:00",)),
        ("2027-10-31T02:30", ("2027-10-31T02:30+02:00", "2027-10-31T02:30+01:00")),
        ("2027-03-28T02:30", ("2027-03-28T01:30+01:00", "2027-03-28T03:30+02:00")),
        ("+20w", ("2027-04-19T00:00+02:00", "2027-04-19T01:00+02:00")),
    ],
)
def test_what_has_two_readings_is_refused_with_both(typed: str, candidates: tuple[str, ...]) -> None:
    with pytest.raises(BadTime) as refused:
        parse(typed, now=NOW, zone=AMSTERDAM)
    assert refused.value.candidates == candidates
    assert all(candidate in str(refused.value) for candidate in candidates)
    assert [parse(candidate, now=NOW, zone=AMSTERDAM).sent for candidate in candidates] == list(candidates)


def test_a_weekday_that_is_today_is_the_next_one_once_its_time_has_passed() -> None:
    late = NOW + timedelta(hours=2)
    assert parse("mon 01:00", now=late, zone=AMSTERDAM).sent == "2026-12-07T01:00+01:00"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("today 00:00", "in the past"),
        ("2026-11-01T10:00", "in the past"),
        ("+0h", "in the past"),
        ("7 dec 2020 10:00", "in the past"),
        ("2029-12-07T10:00", "more than two years"),
        ("9999-12-31T23:59", "more than two years"),
        ("2026-02-30T10:00", "No calendar"),
        ("30 feb 10:00", "No calendar"),
        ("25:00", "No clock"),
        ("tomorrow 13pm", "No clock"),
        ("tomorrow 12am", "Write 00:00 or 12:00"),
        ("fri midnight", "00:00"),
        ("tomorrow", "no time of day"),
        ("2026-12-07", "no time of day"),
        ("+", "is no span"),
        ("+2 fortnights", "is no span"),
        ("soon 22:00", "not understood"),
        ("", "not understood"),
        ("22", "not understood"),
    ],
)
def test_what_is_refused_says_why(typed: str, says: str) -> None:
    with pytest.raises(BadTime, match=says):
        parse(typed, now=NOW, zone=AMSTERDAM)


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
DAYS = ("", "today ", "tomorrow ", "next fri ", "mon ", "tue ", "wed ", "thu ", "fri ", "sat ", "sun ")
CLOCKS = st.times().map(lambda clock: f"{clock:%H:%M}")


@given(now=MOMENTS, zone=ZONE, day=st.sampled_from(DAYS), clock=CLOCKS)
def test_a_day_and_a_time_are_what_the_clocks_of_the_zone_show(
    now: datetime, zone: ZoneInfo, day: str, clock: str
) -> None:
    """Or it is refused, and every candidate names the one moment that it says."""
    try:
        when = parse(f"{day}{clock}", now=now, zone=zone)
    except BadTime as refused:
        for candidate in refused.candidates:
            assert parse(candidate, now=now, zone=zone).moment == datetime.fromisoformat(candidate)
        return
    local, today = when.moment.astimezone(zone), now.astimezone(zone).date()
    assert when.moment > now
    assert f"{local:%H:%M}" == clock
    assert local.date() - today <= timedelta(days=7)
    if day.strip() in {"today", "tomorrow"}:
        assert local.date() - today == timedelta(days=day == "tomorrow ")
    elif day:
        assert f"{local:%a} ".lower() == day


@given(now=MOMENTS, zone=ZONE, minutes=st.integers(1, 99_999))
def test_hours_and_minutes_are_spans_of_real_time(now: datetime, zone: ZoneInfo, minutes: int) -> None:
    when = parse(f"+{minutes // 60}h{minutes % 60}m", now=now, zone=zone)
    assert when.moment - now == timedelta(minutes=minutes)


@given(now=MOMENTS, zone=ZONE, minutes=st.integers(1, 900_000))
def test_what_is_sent_is_read_as_the_same_moment(now: datetime, zone: ZoneInfo, minutes: int) -> None:
    moment = (now + timedelta(minutes=minutes)).replace(microsecond=0)
    assert parse(moment.isoformat(), now=now, zone=zone).moment == moment
    assert datetime.fromisoformat(parse(moment.isoformat(), now=now, zone=zone).sent) == moment


@given(text=st.text(max_size=30) | st.from_regex(r"\A[0-9a-z+:./ -]{1,20}\Z"))
def test_any_text_is_a_moment_ahead_or_refused(text: str) -> None:
    try:
        assert parse(text, now=NOW, zone=AMSTERDAM).moment > NOW
    except BadTime as refused:
        assert str(refused)
