"""What a rollout can be told now."""

from __future__ import annotations

from shared.models.base import Value
from shared.models.messages import Message


class CommandOffer(Value):
    """Whether the caller may give a command now."""

    can: bool
    why: Message | None = None
    """Why not: the caller lacks a right, the rollout's state does not take it, or it would change nothing."""
    effect: Message | None = None
    """What it would do now; `count`: to how many hosts. Null when the rollout's state does not take it."""


class RolloutCommands(Value):
    """The commands to a rollout, for the caller. `cancel` is the route of that name with `how` `leave`, `roll_back`
    the same with `roll_back`, `change` is PATCH."""

    pause: CommandOffer
    resume: CommandOffer
    cancel: CommandOffer
    roll_back: CommandOffer
    reschedule: CommandOffer
    approve: CommandOffer
    retry: CommandOffer
    change: CommandOffer
