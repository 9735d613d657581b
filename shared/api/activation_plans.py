"""What a set-as-image, an activation, a roll-back of an image or a promotion would do: the answers to `what_if`."""

from __future__ import annotations

from pydantic import Field

from shared.api.rollouts import NewHostsView
from shared.core.states import VersionState
from shared.models.base import UtcTime, Value
from shared.models.findings import Finding
from shared.models.images import TargetRegion
from shared.models.messages import Message
from shared.models.pools import Ring
from shared.models.rollouts import Schedule
from shared.models.tasks import RingNumber
from shared.models.withdrawals import StoppedRollout


class VersionChange(Value):
    """A version whose state would change. `state` is null for a version without a record."""

    version: str
    state: VersionState | None
    becomes: VersionState


class FollowingPool(Value):
    """A pool of the image, and how it would follow: its hosts, its new hosts, or neither."""

    pool: str
    ring: Ring
    version: str | None
    """The version that the pool is on."""
    follows: bool
    """Whether anything changes for the pool: it is updated, or its new hosts get another version."""
    updated: bool
    """Whether its hosts would be updated."""
    update_ring: RingNumber | None
    """The ring in which they are; the lowest comes first. Null when they are not."""
    new_hosts_now: NewHostsView | None
    """What its new hosts get now. Null when that is not known."""
    new_hosts_then: NewHostsView | None
    """What they would get at once after the request."""


class ActivationPlanView(Value):
    """What an activation or a roll-back requested now would do. Nothing was written."""

    image: str
    version: str
    """The version that would be the active one."""
    from_version: str | None
    id: str = ""
    """Hash of what it would do; a request may carry it as `plan`."""
    can_start: bool
    """Whether the request would be accepted: no check has failed."""
    versions: list[VersionChange]
    pools: list[FollowingPool]
    """All pools of the image."""
    schedule: Schedule | None
    """When the pools of the first ring are updated. Null when no pool is."""
    soak_minutes: int | None
    """Time between two rings. Null when no pool is updated."""
    to_update: int = 0
    """Hosts that would be updated."""
    users_at_force: int = 0
    """Sessions on them, which would be ended at `force_at` of their pool if nobody signed out before."""
    stopped_rollouts: list[StoppedRollout] = Field(default_factory=list)
    """Of a roll-back: open rollouts of the version that is left, with the state that they would have."""
    approval: Message | None = None
    """That the request would wait for a second person, and which rings ask for one. Null when it would not."""
    preflight: list[Finding]


class SetAsImagePlanView(Value):
    """What a set-as-image requested now would do. Nothing was written."""

    image: str
    version: str
    """The number that the new version would get."""
    from_version: str | None
    """The active version."""
    versions: list[VersionChange]
    template_vm_id: str
    """ARM id."""
    running: bool
    """Whether the template VM runs now."""
    switched_off: bool
    """Whether it would be switched off, and started again as soon as its disk is copied."""
    regions: list[TargetRegion]
    """Where the new version would be replicated to."""
    approval: Message | None = None
    """That an activation at once would wait for a second person, and which rings ask for one. Null: it would not."""


class PromotionPlanView(Value):
    """What a promotion requested now would do. Nothing was written."""

    due_at: UtcTime
    due_local: str
    """`due_at` in `time_zone`."""
    time_zone: str
    activation: ActivationPlanView
    """What it would do as of now. The checks are made again at `due_at`."""
