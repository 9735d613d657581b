"""Brings one host onto the target version and back into service."""

from __future__ import annotations

from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.run_steps import Orchestration, run_steps
from shared.core.steps import HOST_STEPS


def reimage_host(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Look again. 2 Re-image, replace or swap. 3 Join. 4 Register. 5 Await health. 6 Probe. 7 Bake. 8 Give back.

    `given`: `rollout`, `host` and `run`. `again` begins another attempt; `stop`: the last step told the rollout.
    """
    yield from run_steps(context, HOST_STEPS, given)
