"""The names of the steps in their order, and the result of a step: all that orchestrations know of steps. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.core.names import (
    AWAIT_HEALTHY,
    BAKE_HOST,
    CAPTURE_IMAGE,
    CAPTURE_VERSION,
    CLAIM_IMAGE,
    CLEAN_UP,
    COPY_DISK,
    CREATE_COPY,
    END_ACTIVATION,
    END_FLEET_UPDATE,
    FLIP_FLAGS,
    GENERALIZE_COPY,
    JOIN_HOST,
    PREPARE_COPY,
    PROBE_HOST,
    REBUILD_HOST,
    RECHECK_HOST,
    RECORD_VERSION,
    REGISTER_HOST,
    REPLICATE_VERSION,
    RESTART_TEMPLATE,
    RETURN_HOST_TO_SERVICE,
    SNAPSHOT_TEMPLATE,
    SWITCH_OFF_TEMPLATE,
    SWITCH_VERSION,
    UPDATE_POOLS,
)

HOST_STEPS = (
    RECHECK_HOST,
    REBUILD_HOST,
    JOIN_HOST,
    REGISTER_HOST,
    AWAIT_HEALTHY,
    PROBE_HOST,
    BAKE_HOST,
    RETURN_HOST_TO_SERVICE,
)
"""The steps of one host in a rollout, in order."""

CAPTURE_STEPS = (
    CLAIM_IMAGE,
    SWITCH_OFF_TEMPLATE,
    SNAPSHOT_TEMPLATE,
    RESTART_TEMPLATE,
    COPY_DISK,
    CREATE_COPY,
    PREPARE_COPY,
    GENERALIZE_COPY,
    CAPTURE_IMAGE,
    CAPTURE_VERSION,
    REPLICATE_VERSION,
    RECORD_VERSION,
    CLEAN_UP,
)
"""The steps of a set-as-image, in order. After a failure only the last one still runs."""

ACTIVATION_STEPS = (SWITCH_VERSION, FLIP_FLAGS, UPDATE_POOLS, END_ACTIVATION)
"""The steps of an activation or a roll-back, in order. After a failure only the last one still runs."""

FLEET_UPDATE_STEPS = (UPDATE_POOLS, END_FLEET_UPDATE)
"""The steps of a fleet update, in order. After a failure only the last one still runs."""


class NextAction(StrEnum):
    """What happens after a step."""

    NEXT = "next"
    """The next step follows."""
    WAIT = "wait"
    """The same step is called again after `StepResult.seconds`."""
    RESTART = "restart"
    """The first step follows: another attempt. Only the steps of a host return it, and only their runner sees it."""
    STOP = "stop"
    """No step follows: the work is done, has failed, or was given up."""


@dataclass(frozen=True)
class StepResult:
    """The result of a step. `seconds` is how long to wait, for WAIT only."""

    action: NextAction
    seconds: float = 0.0


def is_completed(steps: tuple[str, ...], phase: str, name: str) -> bool:
    """Whether step `name` is completed. `phase` is the last completed step, empty if there is none."""
    return bool(phase) and steps.index(phase) >= steps.index(name)


def next_step(steps: tuple[str, ...], phase: str) -> str:
    """The step after `phase`, the last completed one; the first step if `phase` is empty."""
    return steps[steps.index(phase) + 1] if phase else steps[0]
