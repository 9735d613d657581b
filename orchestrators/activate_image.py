"""Activates another version of an image and updates the requested pools to it."""

from __future__ import annotations

from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.run_steps import Orchestration, run_steps
from shared.core.task_steps import ACTIVATION_STEPS


def activate_image(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Switch the version. 2 Flip the flags in the gallery. 3 Update the pools, ring by ring. 4 End.

    `given`: `task` and `run`. A roll-back takes the same steps.
    """
    yield from run_steps(context, ACTIVATION_STEPS, given)
