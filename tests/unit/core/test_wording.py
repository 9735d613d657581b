"""Numbers, times and states as people say them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.states import PromotionState, RolloutState, VersionState
from shared.core.wording import PROMOTION_WORDS, ROLLOUT_WORDS, VERSION_WORDS, counted, duration_text


def test_a_count_of_one_is_singular() -> None:
    assert [counted(number, "host") for number in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (604_800, "7 days"),
        (86_400, "1 day"),
        (129_600, "36 hours"),
        (5_400, "90 minutes"),
        (60, "1 minute"),
        (30, "30 seconds"),
        (3_601, "3601 seconds"),
        (0.4, "0 seconds"),
    ],
)
def test_a_duration_is_shown_in_its_largest_whole_unit(seconds: float, said: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == said


def test_every_state_has_a_plain_name() -> None:
    assert set(ROLLOUT_WORDS) == set(RolloutState)
    assert set(VERSION_WORDS) == set(VersionState)
    assert set(PROMOTION_WORDS) == set(PromotionState)
    assert not [said for said in (*ROLLOUT_WORDS.values(), *VERSION_WORDS.values()) if "_" in said]
