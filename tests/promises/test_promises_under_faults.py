"""placeholder"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.promises.machine import Rollouts
from tests.promises.tally import TALLY


def test_it(record_property: Any) -> None:
    TALLY.start()
    try:
        run_state_machine_as_test(
            Rollouts,
            settings=settings(
                phases=[Phase.generate] if os.environ.get("FAST") else list(Phase),
                report_multiple_bugs=False,
                max_examples=int(os.environ.get("RUNS", "50")),
                stateful_step_count=12,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        print(TALLY.told())
