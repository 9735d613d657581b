"""Moments and spans as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from freshcoat_cli.output.moments import dated, distance, full, near, span, zoned

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "zone", "text"),
    [
        (608_400, AMSTERDAM, "Monday 7 December 2026 01:00 Europe/Amsterdam (UTC 00:00), in 7 d 1 h"),
        (1_800, AMSTERDAM, "Monday 30 November 2026 00:30 Europe/Amsterdam (UTC Sun 23:30), in 30 min"),
        (1_800, ZoneInfo("UTC"), "Sunday 29 November 2026 23:30 UTC, in 30 min"),
    ],
)
def test_a_moment_is_read_back_in_full(seconds: int, zone: ZoneInfo, text: str) -> None:
    assert full(NOW + timedelta(seconds=seconds), zone, NOW) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW + timedelta(hours=1), "01:00"),
        (NOW + timedelta(hours=19), "19:00"),
        (NOW + timedelta(hours=23), "Mon 30 Nov 23:00"),
        (NOW - timedelta(hours=1), "23:00"),
        (NOW - timedelta(hours=7), "Sun 29 Nov 17:00"),
        (NOW + timedelta(days=60), "Fri 29 Jan 2027 00:00"),
    ],
)
def test_a_short_moment_has_its_day_where_it_could_be_taken_for_another(moment: datetime, text: str) -> None:
    assert near(moment, AMSTERDAM, NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.4, "0 s"), (45, "45 s"), (60, "60 s"), (119, "2 min"), (3600, "1 h"), (4740, "1 h 19 min")),
        *((86_400, "1 d"), (90_061, "1 d 1 h"), (7 * 86_400 + 3600, "7 d 1 h")),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_message_has_its_moment_first_and_a_lone_moment_its_zone() -> None:
    asked = {"at": "2026-12-07T00:00:00Z", "text": "Users are asked to sign out."}
    assert dated(asked, AMSTERDAM).startswith("Mon 7 Dec")
    assert dated(asked, AMSTERDAM).endswith("01:00: Users are asked to sign out.")
    assert dated({"text": "It is paused."}, UTC) == "It is paused."
    assert dated(None, UTC) == ""
    assert zoned("2026-12-07T00:00:00Z", AMSTERDAM).endswith("01:00 Europe/Amsterdam")
    assert zoned(None, AMSTERDAM) == ""


def test_a_distance_says_its_direction() -> None:
    assert distance(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert distance(NOW - timedelta(minutes=5), NOW) == "5 min ago"
    assert distance(NOW, NOW) == "now"
