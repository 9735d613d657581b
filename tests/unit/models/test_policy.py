"""What a policy accepts, and the warning it words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from shared.models.policy import DEFAULT_WARNING, PolicyOverrides, ScheduleMode, resolve_policy

AT = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
"""One o'clock in Berlin, where it is the same day a quarter of an hour before."""


def warning(text: str, before: timedelta = timedelta(minutes=14.5)) -> str:
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, PolicyOverrides(warn_message=text))
    return policy.warning(AT, AT - before, "Europe/Berlin", "office")


def test_a_warning_names_minutes_time_and_pool() -> None:
    assert warning("{pool}: {minutes} minutes, {time}. {pool}!") == "office: 15 minutes, 01:00. office!"
    assert warning("Log off.") == "Log off."


def test_a_warning_names_the_date_when_it_is_not_today_in_the_zone_of_the_pool() -> None:
    assert warning("{time}", timedelta(minutes=59)) == "01:00"
    assert warning("{time}", timedelta(minutes=61)) == "01:00 on Tue 24 Nov 2026"


def test_a_warning_more_than_twenty_hours_ahead_names_the_date_though_it_is_the_same_day() -> None:
    late, early = AT + timedelta(hours=22, minutes=30), AT - timedelta(minutes=30)
    text = resolve_policy(ScheduleMode.AT, PolicyOverrides(warn_message="{time}"))
    assert text.warning(late, early, "Europe/Berlin", "office") == "23:30 on Tue 24 Nov 2026"
    assert text.warning(late, late - timedelta(hours=19), "Europe/Berlin", "office") == "23:30"


def test_a_warning_with_a_date_of_its_own_names_it_once() -> None:
    assert warning("{time}, {date}", timedelta(minutes=61)) == "01:00, Tue 24 Nov 2026"
    assert warning("{time}, {date}") == "01:00, Tue 24 Nov 2026"


def test_the_usual_warning_says_that_people_will_be_signed_out() -> None:
    policy = resolve_policy(ScheduleMode.ON_LOGOFF)
    assert policy.warn_message == DEFAULT_WARNING
    text = "This desktop gets an update: you will be signed out at 01:00 (in 1 min). "
    text += "Please save your work and sign out before then."
    assert policy.warning(AT, AT - timedelta(seconds=20), "Europe/Berlin", "office") == text


def test_inserted_values_are_not_expanded_again() -> None:
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, PolicyOverrides(warn_message="{pool} {time}"))
    assert policy.warning(AT, AT, "UTC", "{minutes}") == "{minutes} 00:00"


@pytest.mark.parametrize(
    "text",
    ["{pool[5]}", "{minutes:20000000}", "{pool.upper}", "{pool!r}", "{}", "{0}", "{user}", "{{pool}}", "{", "}",
     "{mi{time}nutes}", "{ time }", "{Time}"],
)  # fmt: skip
def test_other_braces_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="braces are only allowed in"):
        warning(text)
