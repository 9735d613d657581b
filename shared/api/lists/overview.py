"""What needs the caller, and how much is going on."""

from __future__ import annotations

from enum import StrEnum

from shared.models.base import UtcTime, Value


class NeedKind(StrEnum):
    """What needs somebody."""

    APPROVAL = "approval"
    """A rollout, a task or a scheduled activation waits for an approval that the caller may give."""
    PAUSED = "paused"
    """A rollout is paused."""
    QUESTION = "question"
    """A rollout asks about hosts that somebody undrained."""
    FAILED = "failed"
    """A rollout or a task failed within the last day."""
    LEFT_OVER = "left_over"
    """A task of the last week could not remove all that it had made in Azure."""
    LOST_HOSTS = "lost_hosts"
    """Hosts are out of their host pool, and no rollout knows of them."""
    UNREADABLE = "unreadable"
    """A pool cannot be read in Azure."""


class NeedView(Value):
    """One thing that needs the caller."""

    kind: NeedKind
    href: str
    """Where it is read."""
    text: str
    since: UtcTime | None
    """Null when that is not known."""


class OverviewView(Value):
    """What needs the caller, approvals first, and how much is going on in what they see."""

    needs_you: list[NeedView]
    """At most 100. Approvals only for who may approve, everything else only for who may steer."""
    open_rollouts: int
    """Rollouts that have not ended, without refreshes."""
    running_tasks: int
    """Tasks that have not ended; rollouts are not among them."""
