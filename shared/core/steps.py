"""The steps of a host in their order, and the result of any step. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.core.errors import NewerRow
from shared.core.names import (
    AWAIT_HEALTHY,
    BAKE_HOST,
    CHECK_DEVICE,
    JOIN_HOST,
    PREPARE_JOIN,
    PROBE_HOST,
    REBUILD_HOST,
    RECHECK_HOST,
    REGISTER_HOST,
    RETURN_HOST_TO_SERVICE,
)

HOST_STEP_WORDS = {
    CHECK_DEVICE: "checking the host's device in Entra ID",
    RECHECK_HOST: "checking the host before its rebuild",
    REBUILD_HOST: "rebuilding the VM",
    PREPARE_JOIN: "preparing the join",
    JOIN_HOST: "joining the VM to its domain or to Entra ID",
    REGISTER_HOST: "registering the session host",
    AWAIT_HEALTHY: "waiting until the broker reports the host as healthy",
    PROBE_HOST: "running the probe",
    BAKE_HOST: "watching the canary host",
    RETURN_HOST_TO_SERVICE: "returning the host to service",
}
"""What happens in each step of a host, as people read it in an error; in the order of the steps."""

HOST_STEPS = tuple(HOST_STEP_WORDS)
"""The steps of one host in a rollout, in order."""


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


def during(name: str) -> str:
    """In which step of a host something happened, for people: `while rebuilding the VM`. Other texts stay as they are.

    A host's row has the name of its step, or a text while no step runs.
    """
    return f"while {HOST_STEP_WORDS[name]}" if name in HOST_STEP_WORDS else name


def is_completed(steps: tuple[str, ...], phase: str, name: str) -> bool:
    """Whether step `name` is completed. `phase` is the last completed step, empty if there is none. Raises NewerRow."""
    return bool(phase) and _place(steps, phase) >= steps.index(name)


def next_step(steps: tuple[str, ...], phase: str) -> str:
    """The step after `phase`, the last completed one; the first step if `phase` is empty. Raises NewerRow."""
    return steps[_place(steps, phase) + 1] if phase else steps[0]


def _place(steps: tuple[str, ...], phase: str) -> int:
    if phase not in steps:  # the row is of a newer version, which has more steps
        raise NewerRow(phase)
    return steps.index(phase)
