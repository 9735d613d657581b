"""Moments as people read them on a desktop of the pool."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.core.time_zones import moment_text

AT = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


def test_a_moment_of_today_is_told_as_a_time_and_another_one_with_its_date() -> None:
    assert moment_text(AT, AT, "Europe/Berlin") == "01:00"
    assert moment_text(AT, AT.replace(day=22), "Europe/Berlin") == "01:00 on Tue 24 Nov 2026"
    assert moment_text(AT, AT, "America/New_York") == "19:00"
