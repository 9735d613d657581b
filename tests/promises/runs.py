"""Many whole rollouts, each another one; what they went through is told at the end of the test run.

The same ones each time, so that a change is judged by itself. `PROMISE_SEED` gives others, `PROMISE_RUNS` more:
`make hunt` looks on for as long as it is left alone. `PROMISE_SHRINK=0` tells what broke at once, and at length.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.promises.counters import TALLY
from tests.promises.state_machine import Rollouts

RUNS = int(os.environ.get("PROMISE_RUNS", "500"))
"""Whole rollouts in each of the four modules: `make test` runs them side by side."""
SEED = os.environ.get("PROMISE_SEED", "0")
SHRINK = os.environ.get("PROMISE_SHRINK", "1") == "1"
"""Whether a run that broke a promise is made as short as can be, which takes minutes."""


def run_many(report: pytest.FixtureRequest, part: str) -> None:
    """Run them; the promises are looked at after every step. Its counts go into the report of the test."""
    TALLY.start()
    try:
        run_state_machine_as_test(
            seed(f"{SEED} {part}")(type(part, (Rollouts,), {})),
            settings=settings(
                report_multiple_bugs=False,
                max_examples=RUNS,
                stateful_step_count=12,
                deadline=None,
                print_blob=True,
                phases=[phase for phase in Phase if SHRINK or phase is not Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        report.node.user_properties += [(f"promises: {name}", number) for name, number in TALLY.text().items()]
    assert TALLY.counts["runs"] >= RUNS
