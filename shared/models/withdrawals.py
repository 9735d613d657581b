"""What happens to rollouts of a version that is withdrawn: rolled back, discarded, or failed in its test."""

from __future__ import annotations

from enum import StrEnum

from shared.core.states import RolloutState
from shared.models.base import Name, Value


class RolloutsOfVersion(StrEnum):
    """What a request that withdraws a version does with its open rollouts."""

    STOP = "stop"
    """They pause, and say why."""
    CANCEL = "cancel"
    """They are cancelled: hosts in work finish, the others stay as they are."""


class StoppedRollout(Value):
    """A rollout that was stopped because its version was withdrawn. `state` is the one that it has since."""

    pool: Name
    rollout: str
    state: RolloutState
    href: str
    """Path of the rollout."""
