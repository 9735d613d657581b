"""Pools: requests, queries and answers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from shared.api.agreed_plans import AgreedPlan
from shared.api.common import HostNames, HostPoolId, PageQuery, Query, Reason, ScheduleRequest, ZoneName
from shared.api.conditions import Tagged
from shared.api.rollouts import LostHostView, NewHostsView, RolloutBrief
from shared.core.states import HostState, RolloutState
from shared.models.accounts import DEFAULT_ACCOUNT
from shared.models.base import WHOLE, AskedVersion, Name, UtcTime, Value
from shared.models.directory import DirectoryCleanup
from shared.models.messages import Message
from shared.models.policy import PolicyOverrides, ScheduleMode
from shared.models.pools import Join, Pool, Refresh, ReimageSupport, Ring


class PoolsQuery(PageQuery):
    """One page of pools. Pages are smaller because each pool is read from Azure."""

    limit: Annotated[int, Field(ge=1, le=50), WHOLE] = 20


class UnregisterQuery(Query):
    """`force`: end the pool's rollout and refresh too, whose host pool cannot be read."""

    force: bool = False


class PoolRegistration(Value):
    """Register an AVD pooled host pool with its image and how its hosts join."""

    account: Name = DEFAULT_ACCOUNT
    host_pool_id: HostPoolId
    image: Name
    ring: Ring = Ring.PRODUCTION
    time_zone: ZoneName | None = None
    """Default: the account's."""
    join: Join
    directory_cleanup: DirectoryCleanup | None = None
    """Which records of a host are deleted before it joins Entra ID again: its device (`entra`), also in Intune
    (`entra_intune`), or `none`. Default: `entra` for pools that join Entra ID, `none` for a domain."""
    policy: PolicyOverrides = PolicyOverrides()
    refresh: Refresh = Refresh.OFF
    """`after_logoff`: used hosts are re-imaged to the pool's version after their last session. `daily`: hosts used
    before today. The windows, floor and limits of `policy` apply. Nobody is signed out for it."""

    @classmethod
    def of(cls, pool: Pool) -> Self:
        """The registration that is stored."""
        return cls(**{name: getattr(pool, name) for name in cls.model_fields})


class UpdateImageRequest(AgreedPlan):
    """Update Image: version, schedule and policy. Default of `image`: the pool's image."""

    image: Name | None = None
    version: AskedVersion
    schedule: ScheduleRequest
    policy: PolicyOverrides = PolicyOverrides()
    reason: Reason = ""
    allow_downgrade: bool = False
    only: Annotated[HostNames, Field(min_length=1)] | None = None
    """The hosts to update. Default: all. The pool keeps its version, and new hosts get that."""
    exclude: HostNames = Field(default_factory=list)
    """Hosts that are left out. VMs with the tag FreshcoatExclude are left out besides, whatever its value."""
    for_new_hosts: bool = False
    """With `only`: the pool takes over the version all the same, so that new hosts get it."""


class RollBackPoolRequest(AgreedPlan):
    """Roll a pool back to its previous version. Default of `schedule`: now.

    Unless `policy` says otherwise, there are no canary hosts, the pool's `windows` do not apply and failures do not
    stop it. A running update is rolled back with its own schedule and policy.
    """

    schedule: ScheduleRequest = ScheduleRequest(mode=ScheduleMode.NOW)
    policy: PolicyOverrides = PolicyOverrides()
    reason: Reason = ""
    exclude: HostNames | None = None
    """Hosts that are left out. Default: those that the update to be rolled back left out."""


class Freshness(Value):
    """Progress of a pool's refresh, as of its last reconcile pass."""

    rollout: str
    """Id of the refresh rollout; read it with `GET /api/rollouts/{rollout}`."""
    state: RolloutState
    used: int
    """Hosts used since their last rebuild, and hosts whose refresh failed."""
    fresh: int
    note: Message | None
    """What it waits for, or why it is paused."""


class PoolView(Tagged):
    """The current state of a pool. Numbers are null when Azure could not be read; `problem` says why."""

    name: str
    account: str
    host_pool_id: str
    image: str
    version: str | None
    previous_version: str | None
    ring: Ring
    time_zone: str
    join: Join
    directory_cleanup: DirectoryCleanup
    policy: PolicyOverrides
    reimage: ReimageSupport
    registered_at: UtcTime
    hosts: int | None = None
    hosts_per_version: dict[str, int] = Field(default_factory=dict)
    """`unknown` counts hosts whose VM is gone or was not created from a gallery image."""
    sessions: int | None = None
    new_hosts: NewHostsView | None = None
    """What new hosts get. Null when it is not known now."""
    running_rollout: RolloutBrief | None = None
    refresh: Refresh = Refresh.OFF
    freshness: Freshness | None = None
    """Null while hosts are not refreshed: `refresh` is off, or the pool's version is not known yet."""
    note: Message | None = None
    """Only in the answer to a change: what it does not apply to."""
    lost_hosts: tuple[LostHostView, ...] = ()
    """Hosts out of the host pool that the next rollout takes up, or a retry of the rollout that removed them."""
    problem: str = ""
    unreadable_since: UtcTime | None = None
    """Since when its host pool or hosts cannot be read. After `FRESHCOAT_BUSY_LIMIT` it is taken for gone."""


class PoolHostView(Value):
    """One session host. `drain`: who drained it. `target`: the version it will get."""

    host: str
    vm_id: str
    version: str | None
    target: str | None
    sessions: int
    status: str
    accepting: bool
    drain: Literal["none", "freshcoat", "operator"]
    power: str
    state: HostState | None = None
    """Its state in the running rollout, or else in the pool's refresh."""
    reason: Message | None = None


class PoolImageView(Value):
    """The version from which a new or burst host of the pool must be created now."""

    pool: str
    image: str
    version: str
    version_id: str
    """ARM id of the gallery image version."""
    reason: Message
