"""What we answer about accounts, images, their versions, tasks and promotions. Times are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.core.states import PromotionState, RolloutState, TaskState, VersionState
from shared.models.base import UtcTime, Value
from shared.models.images import Retention, Source, Verdict
from shared.models.rollouts import Schedule
from shared.models.tasks import Approval, Gate, TaskKind, TaskStep
from shared.models.views import PlanView


class AccountView(Value):
    """A customer."""

    name: str
    title: str
    time_zone: str
    pools: int
    """How many pools it has."""
    created_at: UtcTime | None


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


class RingPlanView(Value):
    """One ring of a job over many pools: what would happen with each of its pools, its moments as they then are."""

    ring: int
    begins_at: UtcTime | None
    """When it begins if all goes as expected before, soak included, and approval is given at once; null when nobody can
    say."""
    approval: bool
    """Whether a person has to approve it first."""
    expected_end: UtcTime | None
    pools: list[PlanView]


class PoolsPlanView(Value):
    """What a job over many pools would do, had it been asked for now. Nothing was written."""

    image: str
    version: str
    gate: Gate
    soak_minutes: int
    can_start: bool
    """Whether it would be accepted: no finding forbids a pool of the first ring."""
    problems: list[str]
    """What would stop it, now or when the ring's turn comes, each naming its pool."""
    rings: list[RingPlanView]
    to_update: int = 0
    """Hosts of all pools."""
    users_now: int = 0
    """Sessions on hosts that would be updated."""
    users_at_force: int = 0
    """Sessions that would be ended, each at its own pool's `force_at`, if nobody logged off before."""
    expected_end: UtcTime | None = None
    """All of it, with a soak after each ring but the last; null when nobody can say."""


class ImageView(Value):
    """A global image. `current` is the active version; `staged` waits to be tested and activated.

    `backups` can be gone back to, the highest first. `power` is that of the template VM (`running`, `deallocated`,
    …), empty when there is none.
    """

    name: str
    definition_id: str
    template_vm_id: str
    build_subnet_id: str
    accounts: list[str] | None
    """Who may use it; null: every account."""
    retention: Retention
    current: str | None = None
    staged: str | None = None
    verdict: Verdict | None = None
    """What came of testing the staged version."""
    backups: list[str] = Field(default_factory=list)
    promotion: str = ""
    """The promotion that is scheduled, if one is."""
    power: str = ""
    last_task: TaskBrief | None = None
    registered_at: UtcTime
    problem: str = ""
    """What could not be read in Azure, and why; empty when all could."""


class VersionView(Value):
    """A version of an image. `state` null: it is in the gallery, and Freshcoat has had nothing to do with it."""

    version: str
    id: str
    state: VersionState | None
    in_gallery: bool
    ready: bool
    """Provisioned in the gallery; a single read also knows the replication."""
    excluded_from_latest: bool
    replicas: dict[str, int]
    """Replicas per Azure region."""
    source: Source | None = None
    notes: str = ""
    verdict: Verdict | None = None
    created_by: str = ""
    created_at: UtcTime | None = None
    staged_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    retired_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    used_by: list[str] = Field(default_factory=list)
    """Pools whose version it is. Single hosts of others may be on it too: a removal looks at every host."""
    detail: str = ""


class PromotionView(Value):
    """A scheduled activation."""

    id: str
    image: str
    version: str
    due_at: UtcTime
    due_local: str
    """`due_at` in `time_zone`."""
    time_zone: str
    days_after_staging: int | None
    backup: bool | None
    """Null: as the staged version was asked for."""
    force: bool
    update_pools: list[str]
    schedule: Schedule | None
    soak_minutes: int | None
    state: PromotionState
    task: str
    """The activation, once it was taken up."""
    reason: str
    requested_by: str
    created_at: UtcTime
    ended_at: UtcTime | None
    note: str
