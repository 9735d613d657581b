"""The eight promises after every step of whole rollouts at random: a quarter of the runs."""

from __future__ import annotations

import pytest

from tests.promises.runs import run_many


@pytest.mark.timeout(900)
def test_whatever_happens_the_promises_hold(request: pytest.FixtureRequest) -> None:
    run_many(request, "three")
