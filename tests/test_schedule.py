"""Dates and zones: what people write becomes two moments in UTC, or a refusal that says what to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.models.policy import ScheduleMode
from shared.models.requests import ScheduleRequest
from shared.models.rollouts import Schedule
from shared.schedule import FARTHEST, parse_moment, parse_schedule
from shared.zones import UnknownZone, zone_named

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC")
LOCAL_TIMES = st.datetimes(datetime(2026, 3, 2), datetime(2028, 2, 1))  # noqa: DTZ001 - local times have no zone
CHANGES = (
    # zone, a local time that is skipped, one that happens twice, their two candidates
    ("Europe/Berlin", "2026-03-29T02:30", ("01:30:00+01:00", "03:30:00+02:00")),
    ("Europe/Berlin", "2026-10-25T02:30", ("02:30:00+02:00", "02:30:00+01:00")),
    ("America/New_York", "2026-03-08T02:15", ("01:15:00-05:00", "03:15:00-04:00")),
    ("America/New_York", "2026-11-01T01:15", ("01:15:00-04:00", "01:15:00-05:00")),
    ("Australia/Lord_Howe", "2026-10-04T02:15", ("01:45:00+10:30", "02:45:00+11:00")),
    ("Australia/Lord_Howe", "2026-04-05T01:45", ("01:45:00+11:00", "01:45:00+10:30")),
)


def schedule(mode: str, pool_zone: str = "Europe/Berlin", **fields: str) -> Schedule:
    request = ScheduleRequest.model_validate({"mode": mode, **fields})
    return parse_schedule(request, now=NOW, pool_zone=pool_zone)


def problems(mode: str, **fields: str) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        schedule(mode, **fields)
    return {problem.field: problem.message for problem in caught.value.problems}


def test_now_is_now() -> None:
    assert schedule("now") == Schedule(mode=ScheduleMode.NOW, begin_at=NOW, force_at=NOW, time_zone="Europe/Berlin")


def test_at_is_both_moments_in_the_pools_zone() -> None:
    asked = schedule("at", at="2026-07-01T01:00")
    assert asked.begin_at == asked.force_at == datetime(2026, 6, 30, 23, tzinfo=UTC)


def test_on_logoff_begins_now_and_forces_at_the_deadline() -> None:
    asked = schedule("on_logoff", deadline="2026-03-02T01:00:00Z")
    assert (asked.begin_at, asked.force_at) == (NOW, datetime(2026, 3, 2, 1, tzinfo=UTC))


def test_on_logoff_may_begin_later() -> None:
    asked = schedule("on_logoff", begin_at="2026-03-02T20:00", deadline="2026-03-09T01:00", time_zone="Asia/Tokyo")
    assert asked.begin_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert asked.time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("eastern standard time", "America/New_York"),
        ("India Standard Time", "Asia/Calcutta"),
        ("europe/berlin", "Europe/Berlin"),
        ("UTC", "UTC"),
    ],
)
def test_zones_are_known_by_iana_and_windows_names(name: str, iana: str) -> None:
    assert zone_named(name).key == iana


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../UTC", "America", "+01:00", "\x00"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone_named(name)


def test_an_unknown_zone_is_named_with_its_field() -> None:
    assert set(problems("at", at="2026-07-01T01:00", time_zone="Mars/Olympus")) == {"schedule.time_zone"}


@pytest.mark.parametrize(("zone", "text", "candidates"), CHANGES)
def test_a_time_the_clock_change_makes_unclear_is_refused_with_both_candidates(
    zone: str, text: str, candidates: tuple[str, str]
) -> None:
    with pytest.raises(ValueError, match="the clocks change") as caught:
        parse_moment(text, ZoneInfo(zone))
    for candidate in candidates:
        full = f"{text[:10]}T{candidate}"
        assert full in str(caught.value)
        assert parse_moment(full, ZoneInfo("UTC")) == datetime.fromisoformat(full)


@pytest.mark.parametrize(
    ("mode", "fields", "wrong"),
    [
        ("now", {"at": "2026-07-01T01:00"}, {"schedule.at"}),
        ("now", {"deadline": "2026-07-01T01:00", "begin_at": "x"}, {"schedule.deadline", "schedule.begin_at"}),
        ("at", {}, {"schedule.at"}),
        ("at", {"deadline": "2026-07-01T01:00"}, {"schedule.at", "schedule.deadline"}),
        ("on_logoff", {}, {"schedule.deadline"}),
        ("on_logoff", {"deadline": "2026-02-28T01:00"}, {"schedule.deadline"}),
        ("on_logoff", {"deadline": "2026-03-01T11:59:59Z"}, {"schedule.deadline"}),
        ("on_logoff", {"deadline": "2026-03-04T01:00", "begin_at": "2026-03-05T01:00"}, {"schedule.deadline"}),
        ("on_logoff", {"deadline": "soon", "begin_at": "2026-13-01T00:00"}, {"schedule.deadline", "schedule.begin_at"}),
        ("at", {"at": "2026-07-01"}, {"schedule.at"}),
        ("at", {"at": "9999-12-31T23:59:59"}, {"schedule.at"}),
        ("at", {"at": "0001-01-01T00:00:00+14:00"}, {"schedule.at"}),
    ],
)
def test_what_is_wrong_is_named(mode: str, fields: dict[str, str], wrong: set[str]) -> None:
    assert set(problems(mode, **fields)) == wrong


@given(
    seconds=st.integers(0, int(FARTHEST.total_seconds())),
    zone=st.sampled_from(ZONES),
)
def test_local_text_comes_back_as_the_moment_it_was_made_from(seconds: int, zone: str) -> None:
    moment = NOW + timedelta(seconds=seconds)
    local = moment.astimezone(ZoneInfo(zone))
    assert schedule("at", at=local.isoformat()).begin_at == moment
    try:
        found = schedule("at", at=local.replace(tzinfo=None).isoformat(), time_zone=zone).begin_at
    except InvalidRequest as error:
        assert "twice" in str(error) or "past" in str(error)
        assert local.isoformat() in str(error) or "past" in str(error)
    else:
        assert found == moment


@given(naive=LOCAL_TIMES, zone=st.sampled_from(ZONES))
def test_every_local_time_is_taken_exactly_or_refused_with_two_real_candidates(naive: datetime, zone: str) -> None:
    place = ZoneInfo(zone)
    try:
        moment = parse_moment(naive.isoformat(), place)
    except ValueError as error:
        candidates = str(error).rpartition("write ")[2].split(" or ")
        assert len({datetime.fromisoformat(text).astimezone(UTC) for text in candidates}) == 2
        assert all(parse_moment(text, place) for text in candidates)
    else:
        assert moment.astimezone(place).replace(tzinfo=None) == naive


@given(text=st.text(max_size=40))
def test_no_text_crashes(text: str) -> None:
    assume(text)
    try:
        schedule("on_logoff", deadline=text, time_zone=text)
    except InvalidRequest as error:
        assert {problem.field for problem in error.problems} <= {"schedule.deadline", "schedule.time_zone"}
