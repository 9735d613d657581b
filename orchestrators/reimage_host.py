"""Brings one host onto the target version and back into service."""

from __future__ import annotations

from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.run_steps import Orchestration, run_steps
from shared.core.names import RUN_HOST_STEPS


def reimage_host(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Run the host's steps until one has to wait. 2 Wait. 3 Repeat until no step is left.

    `given`: `rollout`, `host` and `run`. Which step is next is in the host's row.
    """
    yield from run_steps(context, (RUN_HOST_STEPS,), given)
