"""Pools: requests, queries and answers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from shared.api.agreed_plans import AgreedPlan
from shared.api.common import HostNames, HostPoolId, Query, Reason, ScheduleRequest, ZoneName
from shared.api.conditions import Tagged
from shared.api.rollouts import LostHostView, NewHostsView, RolloutBrief
from shared.core.states import HostState, RolloutState
from shared.models.accounts import DEFAULT_ACCOUNT
from shared.models.base import AskedVersion, Name, UtcTime, Value
from shared.models.directory import DirectoryCleanup
from shared.models.messages import Message
from shared.models.policy import Policy, PolicyOverrides, ScheduleMode
from shared.models.pools import Join, Pool, Refresh, ReimageSupport, Ring


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


class LastRolloutView(Value):
    """The rollout of a pool that ended last. A refresh is none."""

    id: str
    version: str
    state: RolloutState
    failed: int
    """Hosts on which it failed."""
    requested_by: str
    ended_at: UtcTime | None
    href: str


class WindowView(Value):
    """A maintenance window: while `open`, the present one, else the next."""

    open: bool
    opens_at: UtcTime
    closes_at: UtcTime


class PolicyByMode(Value):
    """The policy that a rollout of the pool would have, by the mode of its schedule: the pool's own fields over the
    defaults of the mode. Null: the pool's fields contradict each other in this mode."""

    now: Policy | None
    at: Policy | None
    on_logoff: Policy | None


class HostPoolView(Value):
    """The host pool's own settings, as Azure has them."""

    session_limit: int
    """Sessions that a host takes."""
    load_balancing: str
    """`BreadthFirst` or `DepthFirst`. Empty: not known."""


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
    accepting: int | None = None
    """Hosts on which a new session could start."""
    unhealthy: int | None = None
    """Hosts that are on and not healthy, without those that a rollout has in work."""
    behind: int | None = None
    """Hosts that are not on the pool's version. Null while that is not known."""
    seen_at: UtcTime | None = None
    """With `live=false`: when these numbers were read. Null otherwise, and if they never were."""
    staged: str | None = None
    """The staged version of its image."""
    last_rollout: LastRolloutView | None = None
    next_window: WindowView | None = None
    """Null when work is always allowed."""
    policy_resolved: PolicyByMode | None = None
    """Null in lists."""
    host_pool: HostPoolView | None = None
    """Null in lists, and when it could not be read."""
    new_hosts: NewHostsView | None = None
    """What new hosts get. Null with `live=false`, and when it is not known now."""
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
