"""Ids that sort newest first."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import made_at, newest_first_id

MOMENTS = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.timedeltas(min_value=timedelta(milliseconds=2), max_value=timedelta(days=9_000)))
def test_a_later_id_sorts_first(moment: datetime, later: timedelta) -> None:
    assert newest_first_id(moment + later) < newest_first_id(moment)


def test_an_id_has_a_fixed_form() -> None:
    assert re.fullmatch(r"\d{13}-[0-9a-f]{4}", newest_first_id(datetime.now(UTC)))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        newest_first_id(datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_id_contains_its_creation_time_and_other_text_does_not() -> None:
    moment = datetime(2026, 11, 2, 9, 30, 1, 250_000, tzinfo=UTC)

    assert made_at(newest_first_id(moment)) == moment
    assert made_at("r-1") is None
