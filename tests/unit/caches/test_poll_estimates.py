"""When an operation is asked after first: near the middle of what was seen, within bounds."""

from __future__ import annotations

import random

import pytest

from shared.caches.poll_estimates import USUAL, PollEstimator


def learned(low: float, high: float, count: int = 2_000) -> float:
    """The wait after many operations that take between `low` and `high` polls."""
    asks, rng = PollEstimator(), random.Random(7)  # noqa: S311 - no secret
    for _ in range(count):
        asks.learn("reimage", asks.first("reimage"), finished=rng.uniform(low, high) <= asks.first("reimage"))
    return asks.first("reimage")


@pytest.mark.parametrize(("low", "high"), [(6, 16), (3, 5), (15, 25)])
def test_the_estimate_settles_at_the_median(low: float, high: float) -> None:
    assert learned(low, high) == pytest.approx((low + high) / 2, rel=0.25)


@pytest.mark.parametrize(("low", "high"), [(6, 16), (4, 16), (8, 20)])
def test_hundreds_of_concurrent_operations_do_not_make_the_estimate_oscillate(low: float, high: float) -> None:
    asks, rng, waits = PollEstimator(), random.Random(7), []  # noqa: S311 - no secret
    for _ in range(20):
        given = asks.first("reimage")
        for _ in range(200):
            asks.learn("reimage", given, finished=rng.uniform(low, high) <= given)
        waits.append(asks.first("reimage"))
    assert all(wait == pytest.approx((low + high) / 2, rel=0.25) for wait in waits[3:])


def test_the_estimate_stays_within_bounds() -> None:
    assert learned(1_000, 2_000) == 3 * USUAL["reimage"]
    assert learned(0, 0) == 1.0


def test_short_operations_are_polled_at_every_poll() -> None:
    asks = PollEstimator()
    asks.learn("update", 1.0, finished=False)
    assert (asks.first("update"), asks.later("update")) == (1.0, 1.0)
    assert asks.later("reimage") == pytest.approx(USUAL["reimage"] / 4)
    assert asks.later("power_on") == 1.0
