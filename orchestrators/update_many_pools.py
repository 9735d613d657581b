"""Brings one version of an image to many pools, ring by ring."""

from __future__ import annotations

from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.run_steps import Orchestration, run_steps
from shared.core.task_steps import FLEET_UPDATE_STEPS


def update_many_pools(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Update the pools, ring by ring; after a cancel, stop them or roll them back. 2 End.

    `given`: `task` and `run`.
    """
    yield from run_steps(context, FLEET_UPDATE_STEPS, given)
