"""Makes a new image version from a template VM, which stays as it was."""

from __future__ import annotations

from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.run_steps import Orchestration, run_steps
from shared.core.steps import CAPTURE_STEPS


def set_as_image(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Hold the image. 2 Switch the template off. 3 Snapshot it. 4 Start it again. 5 Make a copy. 6 Prepare the
    copy. 7 Generalize it. 8 Capture a version. 9 Replicate it. 10 Record it. 11 Clean up.

    `given`: `task` and `run`. What is made is noted before it is made; after a failure only the last step is run.
    """
    yield from run_steps(context, CAPTURE_STEPS, given)
