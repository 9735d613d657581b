"""Tasks: requests, queries and answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.api.common import MayApprove
from shared.core.states import RolloutState, TaskState
from shared.models.base import UtcTime, Value
from shared.models.messages import Message
from shared.models.tasks import Approval, CancelHow, Gate, RingNumber, TaskKind, TaskStep
from shared.models.withdrawals import StoppedRollout


class TaskBrief(Value):
    """A task in a list. `percent` is of the work. Only rollouts have a `pool`."""

    id: str
    kind: TaskKind | Literal["rollout", "refresh"]
    image: str
    pool: str | None = None
    version: str | None
    from_version: str | None
    state: TaskState | RolloutState
    percent: int
    step: str
    """The current step."""
    note: Message | None
    """What it waits for, or its result."""
    reason: str
    requested_by: str
    created_at: UtcTime
    ended_at: UtcTime | None
    href: str
    """Path of the task, or of the rollout."""


class TaskWait(Message):
    """What a task waits for. `href`: where somebody can do something about it."""

    ring: int | None = None
    """The ring of pools that waits, or that runs. Null when it is not about one."""
    until: UtcTime | None = None
    """It waits until then at least. Null when nobody can say, as for an approval."""


class TaskPoolView(Value):
    """One pool of a task that updates pools. `state` is null before its rollout starts; `note` then says why."""

    pool: str
    ring: int
    state: RolloutState | None
    percent: int
    """Percent of the work of its rollout."""
    rollout: str
    """Id of its rollout; empty before it starts."""
    href: str
    """Path of its rollout."""
    back: str
    """Id of the rollout that rolls the pool back after the update ended; empty without one."""
    note: Message | None
    """What it waits for, or its result."""


class TaskView(TaskBrief):
    """A task with its steps, and the pools it updates."""

    steps: list[TaskStep] = Field(default_factory=list)
    stopped_rollouts: list[StoppedRollout] = Field(default_factory=list)
    """Of a roll-back: open rollouts of the version that was rolled back, which it has stopped or cancelled."""
    pools: list[TaskPoolView] = Field(default_factory=list)
    """Every pool to update, by ring and name, including those that have not started."""
    rollouts: dict[str, str] = Field(default_factory=dict)
    """Pool -> id of its rollout."""
    skipped: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why it was skipped."""
    ring: int | None = None
    """The ring that started last. Null before the first, and when no pools are updated."""
    gate: Gate | None = None
    """Whether a person must approve each ring but the first. Null when no pools are updated."""
    waits_for: TaskWait | None = None
    """What the task waits for. Null after the end."""
    approvals: list[Approval] = Field(default_factory=list)
    """Approved rings, by whom and when."""
    left_over: list[str] = Field(default_factory=list)
    """Temporary Azure resources that could not be deleted."""
    promotion: str = ""
    """Id of the scheduled promotion that started it, if any."""
    awaiting_since: UtcTime | None = None
    """Since when it waits for a second person. Null unless it does."""
    second_person: bool = False
    """Whether it needs the approval of a second person before it begins. It covers the task's rollouts."""
    second_approved_at: UtcTime | None = None
    second_approved_by: str = ""
    may_approve: MayApprove | None = None
    """While it, or its next ring, waits for approval: whether the caller may give it."""


class ApproveRingRequest(Value):
    """Approve the next ring. Default of `ring`: the waiting one. Give it to avoid approving another ring by mistake."""

    ring: RingNumber | None = None


class CancelTaskRequest(Value):
    """How to cancel a task. `leave`: start nothing more. `roll_back` (fleet updates only): roll its pools back."""

    how: CancelHow = CancelHow.LEAVE
