"""Pools: requests, queries and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.common import HostPoolId, PageQuery, Reason, ScheduleRequest, ZoneName
from shared.api.rollouts import RolloutBrief
from shared.core.states import HostState, RolloutState
from shared.models.accounts import DEFAULT_ACCOUNT
from shared.models.base import AskedVersion, Name, UtcTime, Value
from shared.models.policy import PolicyOverrides, ScheduleMode
from shared.models.pools import Join, Refresh, ReimageSupport, Ring


class PoolsQuery(PageQuery):
    """Which page of the pools; smaller, since each is read from Azure."""

    limit: Annotated[int, Field(ge=1, le=50)] = 20


class PoolRegistration(Value):
    """An AVD pooled host pool, the image it runs, and how its hosts join."""

    account: Name = DEFAULT_ACCOUNT
    host_pool_id: HostPoolId
    image: Name
    ring: Ring = Ring.PRODUCTION
    time_zone: ZoneName | None = None
    """Left out: the account's."""
    join: Join
    policy: PolicyOverrides = PolicyOverrides()
    refresh: Refresh = Refresh.OFF
    """`after_logoff`: hosts that were used are re-imaged to the pool's version after their last session; `daily`: those
    used before today. Inside windows, floor and limits of `policy`; nobody is signed out for it."""


class UpdateImageRequest(Value):
    """Update Image: which version, when, how carefully. `image` left out: the pool's own."""

    image: Name | None = None
    version: AskedVersion
    schedule: ScheduleRequest
    policy: PolicyOverrides = PolicyOverrides()
    reason: Reason = ""
    allow_downgrade: bool = False


class RollBackPoolRequest(Value):
    """Take a pool back to its previous version; now, unless `schedule` says otherwise.

    No first hosts are waited for, `windows` of the pool do not bind, and failures stop nothing, unless `policy` says
    otherwise. An update that runs goes back by its own schedule and policy.
    """

    schedule: ScheduleRequest = ScheduleRequest(mode=ScheduleMode.NOW)
    policy: PolicyOverrides = PolicyOverrides()
    reason: Reason = ""


class Freshness(Value):
    """How far the refresh of a pool has come, by its last look."""

    rollout: str
    """Its standing rollout: `GET /api/rollouts/{rollout}` says more."""
    state: RolloutState
    used: int
    """Hosts that were used since they were made, and those it has failed on."""
    fresh: int
    note: str
    """What it waits for, or why it is paused."""


class PoolView(Value):
    """A pool as it is now. Numbers are null when Azure could not be read; `problem` says why."""

    name: str
    account: str
    host_pool_id: str
    image: str
    version: str | None
    previous_version: str | None
    ring: Ring
    time_zone: str
    join: Join
    policy: PolicyOverrides
    reimage: ReimageSupport
    registered_at: UtcTime
    hosts: int | None = None
    hosts_per_version: dict[str, int] = Field(default_factory=dict)
    """`unknown` counts hosts whose VM is gone or was not made from a gallery image."""
    sessions: int | None = None
    running_rollout: RolloutBrief | None = None
    refresh: Refresh = Refresh.OFF
    freshness: Freshness | None = None
    """Null while no host is refreshed: `refresh` is off, or no version is known that hosts could get."""
    problem: str = ""


class PoolHostView(Value):
    """One session host. `drain`: who keeps new sessions away. `target`: the version it is to have."""

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
    """Its state in the running rollout if there is one, else in the refresh of the pool."""
    reason: str = ""


class PoolImageView(Value):
    """What a new or burst host of the pool is to be made from, now."""

    pool: str
    image: str
    version: str
    version_id: str
    """ARM id of the gallery image version."""
    reason: str
