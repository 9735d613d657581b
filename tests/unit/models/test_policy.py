"""What a policy accepts, and the warning it words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.models.policy import DEFAULT_WARNING, PolicyOverrides, ScheduleMode, resolve_policy


def warning(text: str) -> str:
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, PolicyOverrides(warn_message=text))
    return policy.warning(15, "01:00", "office")


def test_a_warning_names_minutes_time_and_pool() -> None:
    assert warning("{pool}: {minutes} minutes, {time}. {pool}!") == "office: 15 minutes, 01:00. office!"
    assert warning("Log off.") == "Log off."


def test_the_usual_warning_reads_well_for_any_number_and_promises_no_desktop_afterwards() -> None:
    policy = resolve_policy(ScheduleMode.ON_LOGOFF)
    assert policy.warn_message == DEFAULT_WARNING
    text = "This desktop gets an update at 01:00. Please save your work and log off before then (1 min)."
    assert policy.warning(1, "01:00", "office") == text


def test_inserted_values_are_not_expanded_again() -> None:
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, PolicyOverrides(warn_message="{time} {pool}"))
    assert policy.warning(1, "{pool}", "{minutes}") == "{pool} {minutes}"


@pytest.mark.parametrize(
    "text",
    ["{pool[5]}", "{minutes:20000000}", "{pool.upper}", "{pool!r}", "{}", "{0}", "{user}", "{{pool}}", "{", "}",
     "{mi{time}nutes}", "{ time }", "{Time}"],
)  # fmt: skip
def test_other_braces_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="braces are only allowed in"):
        warning(text)
