"""Creates a new image version from a template VM and leaves the template VM unchanged."""

from __future__ import annotations

from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.run_steps import Orchestration, run_steps
from shared.core.task_steps import CAPTURE_STEPS


def set_as_image(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Reserve the image. 2 Power off the template VM. 3 Snapshot it. 4 Start it again. 5 Create a clone. 6 Prepare
    the clone. 7 Generalize it. 8 Capture a version. 9 Replicate it. 10 Record it. 11 Clean up.

    `given`: `task` and `run`. Each resource is recorded before it is created. After a failure only the last step runs.
    """
    yield from run_steps(context, CAPTURE_STEPS, given)
