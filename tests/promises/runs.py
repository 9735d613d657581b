"""Many random rollouts; their counts are printed at the end of the test run.

The seed is fixed, so that every test run tries the same rollouts. `PROMISE_SEED` changes the seed and `PROMISE_RUNS`
the number of runs; `make hunt` tries new seeds until it is stopped. `PROMISE_SHRINK=0` reports a failure at once,
without shrinking it.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.promises.counters import TALLY
from tests.promises.state_machine import Rollouts

RUNS = int(os.environ.get("PROMISE_RUNS", "500"))
"""Rollouts in each of the four modules, which `make test` runs in parallel."""
SEED = os.environ.get("PROMISE_SEED", "0")
SHRINK = os.environ.get("PROMISE_SHRINK", "1") == "1"
"""Whether a failing run is shrunk to the shortest one that fails, which takes minutes."""


def run_many(report: pytest.FixtureRequest, part: str) -> None:
    """Run the state machine, which checks the promises after every step. Its counts go into the test report."""
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
