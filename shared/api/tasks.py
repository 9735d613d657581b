"""Tasks: requests, queries and answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.api.common import PageQuery
from shared.core.states import RolloutState, TaskState
from shared.models.base import Name, UtcTime, Value
from shared.models.tasks import Approval, CancelHow, Gate, RingNumber, TaskKind, TaskStep


class TaskBrief(Value):
    """Work that people follow, in a list. `percent` is of the work. A rollout has a `pool`, other work has none."""

    id: str
    kind: TaskKind | Literal["rollout", "refresh"]
    image: str
    pool: str | None = None
    version: str | None
    from_version: str | None
    state: TaskState | RolloutState
    percent: int
    step: str
    """What it is at."""
    note: str
    """What it waits for, or what came of it."""
    reason: str
    requested_by: str
    created_at: UtcTime
    ended_at: UtcTime | None
    href: str
    """Where to read more of it."""


class TaskPoolView(Value):
    """One pool of a task that updates pools. `state` null: its rollout is not begun, and `note` says why not yet."""

    pool: str
    ring: int
    state: RolloutState | None
    percent: int
    """Of the work of its rollout."""
    rollout: str
    """Id of its rollout; empty before it is begun."""
    href: str
    """Where to read more of it."""
    back: str
    """Id of the rollout that takes the pool back after its own has ended; empty when there is none."""
    note: str
    """What it waits for, or what came of it."""


class TaskView(TaskBrief):
    """A task with its steps, and its pools if it updates some."""

    steps: list[TaskStep] = Field(default_factory=list)
    pools: list[TaskPoolView] = Field(default_factory=list)
    """Every pool that it updates, also those that are not begun; by ring and name."""
    rollouts: dict[str, str] = Field(default_factory=dict)
    """Pool -> id of the rollout that was begun on it."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Pool -> why it is not updated after all."""
    ring: int | None = None
    """The ring that was begun last; null before the first, and when no pools are updated."""
    gate: Gate | None = None
    """Whether a person has to approve each ring but the first; null when no pools are updated."""
    waits_for: str = ""
    """What has to happen next, in words; empty after the end."""
    approvals: list[Approval] = Field(default_factory=list)
    """Which rings were approved, by whom and when."""
    left_over: list[str] = Field(default_factory=list)
    """What was made in Azure on the way and could not be removed."""
    promotion: str = ""
    """The scheduled promotion that asked for it, if one did."""


class TasksQuery(PageQuery):
    """Which tasks. A rollout is one too, of the kind `rollout`; those that refresh a pool are of the kind `refresh`."""

    kind: TaskKind | Literal["rollout", "refresh"] | None = None
    """`rollout` gives those that refresh too, `refresh` only them."""
    image: Name | None = None
    state: TaskState | RolloutState | None = None


class ApproveRingRequest(Value):
    """Let the next ring begin. `ring` left out: the one that waits; given, no other is approved by mistake."""

    ring: RingNumber | None = None


class CancelTaskRequest(Value):
    """How to stop a task. `leave`: nothing more is begun. `roll_back`, of a job over many pools: its pools go back."""

    how: CancelHow = CancelHow.LEAVE
