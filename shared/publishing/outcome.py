"""The steps of one host, and what a step answers: all that the host's orchestration needs to know. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.names import AWAIT_HEALTHY, GIVE_BACK_HOST, JOIN_HOST, REBUILD_HOST, RECHECK_HOST, REGISTER_HOST

STEPS = (RECHECK_HOST, REBUILD_HOST, JOIN_HOST, REGISTER_HOST, AWAIT_HEALTHY, GIVE_BACK_HOST)
"""The steps of one host, in order."""


class Then(StrEnum):
    """What the host's orchestration does after a step."""

    NEXT = "next"
    WAIT = "wait"
    AGAIN = "again"
    """Begin with the first step: another attempt."""
    STOP = "stop"
    """Nothing more: done, failed, or given back to the rollout."""


@dataclass(frozen=True)
class Outcome:
    """A step's answer; `seconds` belongs to `wait`."""

    then: Then
    seconds: float = 0.0
