"""Tasks: work on an image, or on many pools, that people follow. A rollout is a task too, but has its own rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.core.states import TaskState
from shared.models.azure import Operation
from shared.models.base import Name, Record, UtcTime, Value, VersionText
from shared.models.images import Notes, TargetRegion
from shared.models.messages import Message
from shared.models.policy import PolicyOverrides
from shared.models.rollouts import Schedule


class TaskKind(StrEnum):
    """What a task does to an image, or to pools."""

    SET_AS_IMAGE = "set_as_image"
    STAGE = "stage"
    VERDICT = "verdict"
    ACTIVATE = "activate"
    ROLL_BACK = "roll_back"
    DISCARD = "discard"
    UPDATE_POOLS = "update_pools"
    """One job over many pools."""
    REMOVE = "remove"
    """Retention removed a version, or an operator a backup."""


class TaskStep(Value):
    """One step of a task that was begun."""

    name: str
    begun_at: UtcTime
    ended_at: UtcTime | None = None
    detail: str = ""


class Made(Value):
    """Something that was, or was about to be, made in Azure for the time of the task. Noted before it is made."""

    kind: Literal["snapshot", "disk", "virtual machine", "managed image", "image version"]
    id: str


class CaptureWork(Value):
    """What a set-as-image is asked for, and what it has to put right again."""

    template_vm_id: str
    build_subnet_id: str = ""
    power_off: bool = False
    stage: bool = True
    backup: bool = True
    notes: Notes = ""
    regions: tuple[TargetRegion, ...]
    through_image: bool = False
    """The definition takes versions only through a managed image."""
    generation: str = "V2"
    """Hyper-V generation of the definition."""
    was_running: bool = False
    """The template ran when we came: it is started again."""
    made: tuple[Made, ...] = ()
    activation: str = ""
    """The task that activates the version at once; noted before it begins. Only when it is not to be staged."""
    left_over: tuple[str, ...] = ()
    """What could not be removed or put right: ARM id and why."""


RingNumber = Annotated[int, Field(ge=0, le=9)]
"""A ring of pools: those of ring 0 come first."""


class Gate(StrEnum):
    """What opens every ring but the first, besides the success of the ones before and the soak."""

    AUTO = "auto"
    """Nothing else: it begins by itself."""
    APPROVE = "approve"
    """A person approves it."""


class CancelHow(StrEnum):
    """What becomes of the pools of a task that is cancelled."""

    LEAVE = "leave"
    ROLL_BACK = "roll_back"


class Approval(Value):
    """A person has let a ring begin."""

    ring: RingNumber
    by: str
    at: UtcTime


class PoolsUpdate(Value):
    """Which pools a task updates, and how. Rings one after the other, `soak_minutes` between them, behind a gate."""

    pools: tuple[Name, ...]
    every: bool = False
    """All pools that have the image when it begins; `pools` are those of when it was asked for."""
    rings: dict[str, RingNumber] = Field(default_factory=dict)
    """Pool -> ring, for each of `pools`."""
    schedule: Schedule
    policy: PolicyOverrides = PolicyOverrides()
    soak_minutes: int = 60
    gate: Gate = Gate.AUTO
    allow_downgrade: bool = True
    """For an activation it was decided which version is active, and a pool may be on a higher one."""
    other_image: bool = False
    """The image was named: pools get it whatever image they have."""


class PoolsWork(Value):
    """What a task does with pools, and how far they have come."""

    update: PoolsUpdate
    rollouts: dict[str, str] = Field(default_factory=dict)
    """Pool -> id of its rollout, noted before the rollout is asked for."""
    skipped: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why it is not updated."""
    refused: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why its rollout could not be begun at all: it has failed."""
    held: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why its rollout cannot be begun yet, although its ring has."""
    ring: RingNumber | None = None
    """The ring that was begun last."""
    approvals: tuple[Approval, ...] = ()
    """Written by whoever approves, and by nobody else."""
    back: dict[str, str] = Field(default_factory=dict)
    """Pool -> id of the rollout that takes it back after its own has ended."""
    not_back: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why it was not taken back."""

    @property
    def approved(self) -> frozenset[int]:
        """The rings that a person has let begin."""
        return frozenset(approval.ring for approval in self.approvals)

    @property
    def closed(self) -> frozenset[int]:
        """The rings that wait for a person: with a gate every ring but the lowest, until it is approved."""
        if self.update.gate is Gate.AUTO:
            return frozenset()
        rings = set(self.update.rings.values())
        return frozenset(rings - self.approved - {min(rings, default=0)})


class ActivationWork(Value):
    """What an activation or a roll-back is asked for, and how far it has come. Its pools: `PoolsWork`."""

    backup: bool | None = None
    """Whether the version it replaces is kept; None: as the staged version was asked for."""
    force: bool = False
    """Also with a failed verdict."""
    flagging: str = ""
    """The version whose flag in the gallery is being set."""
    flags_left: tuple[str, ...] = ()
    """Versions whose flag in the gallery could not be set; retention tries again."""


class Task(Record):
    """One piece of work on one image. `version` is what it is about, `from_version` what was there before."""

    id: str
    kind: TaskKind
    image: Name
    version: VersionText | None
    from_version: VersionText | None = None
    state: TaskState = TaskState.RUNNING
    requested_by: str = ""
    reason: str = ""
    created_at: UtcTime
    ended_at: UtcTime | None = None
    note: Message | None = None
    """What it is waiting for; after the end: what came of it."""
    failure: str = ""
    """Why it cannot succeed; it cleans up and ends."""
    cancelled_by: str = ""
    cancelled_at: UtcTime | None = None
    cancel_how: CancelHow = CancelHow.LEAVE
    """What becomes of its pools once it is cancelled."""
    promotion: str = ""
    """The scheduled promotion that asked for it, if one did."""
    engine_run: int = 1
    """Counts the engine instances that drove this task: a lost one is replaced by the next."""
    step: str = ""
    phase: str = ""
    """The last step that is behind it."""
    step_since: UtcTime | None = None
    busy_since: UtcTime | None = None
    """Since when Azure has been too busy at every call; None: it was not, the last time."""
    steps: tuple[TaskStep, ...] = ()
    operation: Operation | None = None
    percent: int = 0
    capture: CaptureWork | None = None
    activation: ActivationWork | None = None
    pools: PoolsWork | None = None
    """The pools it updates; None: none."""
