"""The steps of everything that is driven step by step, and what a step answers: all an orchestration knows. Pure."""

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
"""The steps of a set-as-image, in order. After a failure only the last one is still run."""

ACTIVATION_STEPS = (SWITCH_VERSION, FLIP_FLAGS, UPDATE_POOLS, END_ACTIVATION)
"""The steps of an activation or a roll-back, in order. After a failure only the last one is still run."""

FLEET_UPDATE_STEPS = (UPDATE_POOLS, END_FLEET_UPDATE)
"""The steps of one job over many pools, in order. After a failure only the last one is still run."""


class NextAction(StrEnum):
    """What the orchestration does after a step."""

    NEXT = "next"
    WAIT = "wait"
    RESTART = "restart"
    """Begin with the first step: another attempt."""
    STOP = "stop"
    """Nothing more: done, failed, or given back."""


@dataclass(frozen=True)
class StepResult:
    """A step's answer; `seconds` belongs to `wait`. `step`: the one to be called next, when that is another one."""

    action: NextAction
    seconds: float = 0.0
    step: str = ""


def is_completed(steps: tuple[str, ...], phase: str, name: str) -> bool:
    """Whether step `name` is behind something that has come as far as `phase`."""
    return bool(phase) and steps.index(phase) >= steps.index(name)
