"""Dates and zones: what people write becomes two moments in UTC, or a refusal that says what to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.api.common import ScheduleRequest
from shared.api.promotions import PromotionMoment
from shared.api.schedules import FARTHEST, parse_promotion, parse_schedule
from shared.core.errors import InvalidRequest
from shared.core.time_zones import UnknownZone, days_later, parse_moment, zone_named
from shared.models.policy import ScheduleMode
from shared.models.rollouts import Schedule

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


def test_mode_now_starts_now() -> None:
    assert schedule("now") == Schedule(mode=ScheduleMode.NOW, begin_at=NOW, force_at=NOW, time_zone="Europe/Berlin")


def test_mode_at_sets_both_times_in_the_zone_of_the_pool() -> None:
    asked = schedule("at", at="2026-07-01T01:00")
    assert asked.begin_at == asked.force_at == datetime(2026, 6, 30, 23, tzinfo=UTC)


def test_on_logoff_starts_now_and_signs_out_at_the_deadline() -> None:
    asked = schedule("on_logoff", deadline="2026-03-02T01:00:00Z")
    assert (asked.begin_at, asked.force_at) == (NOW, datetime(2026, 3, 2, 1, tzinfo=UTC))


def test_on_logoff_may_start_later() -> None:
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
def test_iana_and_windows_zone_names_are_accepted(name: str, iana: str) -> None:
    assert zone_named(name).key == iana


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../UTC", "America", "+01:00", "\x00"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone_named(name)


def test_an_unknown_zone_is_refused_with_the_field() -> None:
    assert set(problems("at", at="2026-07-01T01:00", time_zone="Mars/Olympus")) == {"schedule.time_zone"}


@pytest.mark.parametrize(("zone", "text", "candidates"), CHANGES)
def test_an_ambiguous_or_missing_time_is_refused_with_both_candidates(
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
def test_invalid_times_are_refused_with_a_reason(mode: str, fields: dict[str, str], wrong: set[str]) -> None:
    assert set(problems(mode, **fields)) == wrong


@given(
    seconds=st.integers(0, int(FARTHEST.total_seconds())),
    zone=st.sampled_from(ZONES),
)
def test_local_text_is_parsed_back_to_its_time(seconds: int, zone: str) -> None:
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
def test_every_local_time_is_exact_or_refused_with_two_valid_candidates(naive: datetime, zone: str) -> None:
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
def test_no_text_raises_an_unexpected_error(text: str) -> None:
    assume(text)
    try:
        schedule("on_logoff", deadline=text, time_zone=text)
    except InvalidRequest as error:
        assert {problem.field for problem in error.problems} <= {"schedule.deadline", "schedule.time_zone"}


ANY_ZONE = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
STAGED = st.datetimes(datetime(2025, 3, 2), datetime(2026, 2, 28), timezones=st.just(UTC))  # noqa: DTZ001


def moment(staged_at: datetime | None = None, now: datetime = NOW, **asked: Any) -> tuple[datetime | None, str]:
    return parse_promotion(PromotionMoment.model_validate(asked), now=now, staged_at=staged_at)


def wrong(staged_at: datetime | None = None, **asked: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        moment(staged_at, **asked)
    return {problem.field: problem.message for problem in caught.value.problems}


class TestPromotion:
    """A moment of its own, or so many days after the staging."""

    def test_a_time_without_a_zone_is_utc(self) -> None:
        assert moment(at="2026-07-01T01:00") == (datetime(2026, 7, 1, 1, tzinfo=UTC), "UTC")

    def test_a_time_is_read_in_the_given_zone(self) -> None:
        found = moment(at="2026-07-01T01:00", time_zone="W. Europe Standard Time")
        assert found == (datetime(2026, 6, 30, 23, tzinfo=UTC), "Europe/Berlin")

    @pytest.mark.parametrize(
        ("asked", "fields"),
        [
            ({}, {"at"}),
            ({"time_zone": "Mars"}, {"at", "time_zone"}),
            ({"at": "2026-07-01T01:00", "days_after_staging": 2}, {"days_after_staging"}),
            ({"at": "2026-02-28T01:00", "days_after_staging": 2}, {"at", "days_after_staging"}),
            ({"at": "2026-02-28T01:00"}, {"at"}),
            ({"at": "2028-03-02T12:00"}, {"at"}),
            ({"at": "soon"}, {"at"}),
            ({"at": "2026-07-01T01:00", "time_zone": "Mars"}, {"time_zone"}),
        ],
    )
    def test_invalid_times_are_refused_with_a_reason(self, asked: dict[str, Any], fields: set[str]) -> None:
        assert set(wrong(NOW, **asked)) == fields

    @given(naive=LOCAL_TIMES, name=ANY_ZONE)
    def test_every_local_time_is_unique_or_refused_with_both_candidates(self, naive: datetime, name: str) -> None:
        zone = ZoneInfo(name)
        moments = {naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        asked: dict[str, Any] = {"at": naive.isoformat(), "time_zone": name}
        if len(moments) == 1:
            assert moment(**asked) == (moments.pop(), name)
            return
        told = wrong(**asked)["at"]
        assert {datetime.fromisoformat(text) for text in told.rpartition("write ")[2].split(" or ")} == moments
        for text in told.rpartition("write ")[2].split(" or "):
            assert moment(at=text, time_zone=name)[0] in moments

    @pytest.mark.parametrize(("zone", "text", "candidates"), CHANGES)
    def test_on_the_day_of_a_clock_change_the_offset_is_required(
        self, zone: str, text: str, candidates: tuple[str, str]
    ) -> None:
        told = wrong(at=text, time_zone=zone)["at"]
        assert all(f"{text[:10]}T{candidate}" in told for candidate in candidates)

    @given(staged_at=STAGED, days=st.integers(1, 730), name=ANY_ZONE)
    def test_days_after_staging_keep_the_time_of_day(self, staged_at: datetime, days: int, name: str) -> None:
        zone = ZoneInfo(name)
        wanted = staged_at.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
        due, seen_in = moment(staged_at, now=staged_at, days_after_staging=days, time_zone=name)
        assert due is not None
        assert seen_in == name
        local = due.astimezone(zone).replace(tzinfo=None)
        both = [wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        if both[0].astimezone(zone).replace(tzinfo=None) == wanted:
            assert (local, due) == (wanted, both[0])  # of two such moments, the first one
        else:
            assert local - wanted == both[0] - both[1]  # as much later as the clocks are put forward

    def test_a_day_may_have_23_or_25_hours(self) -> None:
        for text, hours in (("2026-03-28T12:00:00+01:00", 23), ("2026-10-24T12:00:00+02:00", 25)):
            staged_at = datetime.fromisoformat(text)
            assert days_later(staged_at, 1, ZoneInfo("Europe/Berlin")) - staged_at == timedelta(hours=hours)

    @pytest.mark.parametrize(
        ("staged_at", "due"),
        [
            ("2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00"),
            ("2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        ],
    )
    def test_a_skipped_time_moves_later_and_the_first_of_two_counts(self, staged_at: str, due: str) -> None:
        found = days_later(datetime.fromisoformat(staged_at), 1, ZoneInfo("Europe/Berlin"))
        assert found == datetime.fromisoformat(due)

    def test_days_that_are_over_are_refused_with_the_time(self) -> None:
        told = wrong(NOW - timedelta(days=3), days_after_staging=3 - 1, time_zone="Europe/Berlin")
        assert "2026-02-28T13:00:00+01:00" in told["days_after_staging"]
        assert "past" in told["days_after_staging"]

    def test_days_after_staging_need_a_staged_version(self) -> None:
        assert moment(None, days_after_staging=3) == (None, "UTC")

    def test_a_schedule_for_later_is_checked_against_that_time(self) -> None:
        then = datetime(2026, 6, 1, 12, tzinfo=UTC)
        request = ScheduleRequest.model_validate({"mode": "on_logoff", "deadline": "2026-05-01T00:00Z"})
        with pytest.raises(InvalidRequest, match=r"before the activation at 2026-06-01T14:00:00\+02:00"):
            parse_schedule(request, now=then, pool_zone="Europe/Berlin", after="the activation")
        later = ScheduleRequest.model_validate({"mode": "on_logoff", "deadline": "2026-07-01T00:00Z"})
        assert parse_schedule(later, now=then, pool_zone="UTC", after="the activation").begin_at == then
