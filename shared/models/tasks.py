"""Tasks: work on an image, or on many pools, that people follow. A rollout is a task too, but has its own rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.core.states import TaskState
from shared.models.azure import Operation
from shared.models.base import WHOLE, Name, Record, UtcTime, Value, VersionText
from shared.models.images import Notes, TargetRegion
from shared.models.messages import Message
from shared.models.policy import PolicyOverrides, StoredOverrides
from shared.models.rollout_parts import SecondPerson
from shared.models.rollouts import Schedule
from shared.models.withdrawals import RolloutsOfVersion, StoppedRollout


class TaskKind(StrEnum):
    """What a task does to an image, or to pools."""

    SET_AS_IMAGE = "set_as_image"
    STAGE = "stage"
    VERDICT = "verdict"
    ACTIVATE = "activate"
    ROLL_BACK = "roll_back"
    DISCARD = "discard"
    UPDATE_POOLS = "update_pools"
    """A fleet update: one update over many pools."""
    REMOVE = "remove"
    """Retention removed a version, or an operator a backup."""


class TaskStep(Value):
    """One step of a task that was started."""

    name: str
    begun_at: UtcTime
    ended_at: UtcTime | None = None
    detail: str = ""


class Made(Value):
    """A temporary Azure resource of the task. It is recorded before it is created."""

    kind: Literal["snapshot", "disk", "virtual machine", "managed image", "image version"]
    id: str


class CaptureWork(Value):
    """The request of a set-as-image, and what the task has to restore at its end."""

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
    """The template VM ran at the start of the task, so it is started again."""
    made: tuple[Made, ...] = ()
    activation: str = ""
    """The task that activates the version at once, recorded before it starts; empty when the version is only staged."""
    left_over: tuple[str, ...] = ()
    """What could not be removed or restored: ARM id and reason."""


RingNumber = Annotated[int, Field(ge=0, le=9), WHOLE]
"""The number of a ring of pools; ring 0 comes first."""


class Gate(StrEnum):
    """What every ring but the first needs to start, besides the success of the earlier rings and the soak time."""

    AUTO = "auto"
    """Nothing else: the ring starts by itself."""
    APPROVE = "approve"
    """A person approves it."""


class CancelHow(StrEnum):
    """What happens to the pools of a cancelled task."""

    LEAVE = "leave"
    ROLL_BACK = "roll_back"


class Approval(Value):
    """A person has approved a ring."""

    ring: RingNumber
    by: str
    by_id: str = ""
    """The id of the caller who approved."""
    at: UtcTime


class PoolsUpdate(Value):
    """Which pools a task updates, and how: ring after ring, with `soak_minutes` and perhaps an approval in between."""

    pools: tuple[Name, ...]
    every: bool = False
    """All pools that have the image when the update starts; `pools` are those at the time of the request."""
    rings: dict[str, RingNumber] = Field(default_factory=dict)
    """Pool -> ring, for each of `pools`."""
    schedule: Schedule
    policy: StoredOverrides = PolicyOverrides()
    soak_minutes: int = 60
    gate: Gate = Gate.AUTO
    allow_downgrade: bool = True
    """Whether pools may get a lower version; an activation allows it, because the active version was chosen."""
    other_image: bool = False
    """The request named the image, so pools get it whatever image they have."""


class PoolsWork(Value):
    """The pools of a task and their progress."""

    update: PoolsUpdate
    rollouts: dict[str, str] = Field(default_factory=dict)
    """Pool -> id of its rollout, recorded before the rollout is started."""
    skipped: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why it is not updated."""
    refused: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why its rollout was refused; the pool counts as failed."""
    held: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why its rollout cannot start yet, although its ring has started."""
    ring: RingNumber | None = None
    """The ring that was started last."""
    approvals: tuple[Approval, ...] = ()
    """Written only by the request that approves."""
    back: dict[str, str] = Field(default_factory=dict)
    """Pool -> id of the rollout that rolls it back after its own rollout has ended."""
    not_back: dict[str, Message] = Field(default_factory=dict)
    """Pool -> why it was not rolled back."""

    @property
    def approved(self) -> frozenset[int]:
        """The rings that a person has approved."""
        return frozenset(approval.ring for approval in self.approvals)

    @property
    def closed(self) -> frozenset[int]:
        """The rings that need approval: with a gate, every ring but the lowest, until it is approved."""
        if self.update.gate is Gate.AUTO:
            return frozenset()
        rings = set(self.update.rings.values())
        return frozenset(rings - self.approved - {min(rings, default=0)})


class ActivationWork(Value):
    """The request of an activation or a roll-back, and its progress. Its pools are in `PoolsWork`."""

    backup: bool | None = None
    """Whether the replaced version is kept; None: as requested when the version was staged."""
    force: bool = False
    """Activate the version even if its verdict is `failed`."""
    flagging: str = ""
    """The version whose flag in the gallery is being set."""
    flags_left: tuple[str, ...] = ()
    """Versions whose flag in the gallery could not be set; retention tries again."""
    rollouts: RolloutsOfVersion = RolloutsOfVersion.STOP
    """Of a roll-back: what is done with the open rollouts of the version that is rolled back."""
    stopped: tuple[StoppedRollout, ...] = ()
    """Those rollouts."""


class Task(Record):
    """One task on one image. `version` is the version that it handles, `from_version` the former one."""

    id: str
    kind: TaskKind
    image: Name
    accounts: tuple[str, ...] = ()
    """Whose it is: the accounts of its image, or those of the pools that it updates; `*` for all accounts."""
    version: VersionText | None
    from_version: VersionText | None = None
    state: TaskState = TaskState.RUNNING
    requested_by: str = ""
    requester: str = ""
    """The id of the caller who asked for it: their grant counts when it falls due."""
    reason: str = ""
    created_at: UtcTime
    ended_at: UtcTime | None = None
    note: Message | None = None
    """What the task waits for; after its end, the outcome."""
    failure: str = ""
    """Why the task cannot succeed; it cleans up and ends."""
    cancelled_by: str = ""
    cancelled_at: UtcTime | None = None
    cancel_how: CancelHow = CancelHow.LEAVE
    """What happens to its pools after a cancellation."""
    promotion: str = ""
    """The scheduled promotion that started the task, if one did."""
    engine_run: int = 1
    """Counts the engine instances that drove this task: a lost one is replaced by the next."""
    suspended_since: UtcTime | None = None
    """Since when the resume timer has found that somebody suspended the task's orchestration."""
    alive_at: UtcTime | None = None
    """When the resume timer last found the task's orchestration alive in its engine, or started it."""
    step: str = ""
    phase: str = ""
    """The last completed step."""
    step_since: UtcTime | None = None
    busy_since: UtcTime | None = None
    """Since when Azure has been too busy at every call; None: the last call was accepted."""
    steps: tuple[TaskStep, ...] = ()
    operation: Operation | None = None
    percent: int = 0
    capture: CaptureWork | None = None
    activation: ActivationWork | None = None
    pools: PoolsWork | None = None
    """The pools that the task updates; None if it updates none."""
    second: SecondPerson = SecondPerson()
    """Written only by the request, and by the one that approves."""
    approved_pools: dict[str, str] = Field(default_factory=dict)
    """Pool -> digest of the pool and its limits when a second person approved the task."""
