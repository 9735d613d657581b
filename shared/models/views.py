"""What we answer. Times are ISO 8601 in UTC; counts are of hosts unless the name says sessions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.core.states import HostState, RolloutState
from shared.models.base import UtcTime, Value
from shared.models.policy import Policy, PolicyOverrides
from shared.models.pools import Join, Refresh, ReimageSupport, Ring
from shared.models.rollouts import RolloutKind, Schedule


class Listed[V: Value](Value):
    """One page of a list; `continuation` asks for the next one, null at the end."""

    items: list[V]
    continuation: str | None = None


class RolloutBrief(Value):
    """A rollout in a list. `percent` is of the work, not of finished hosts."""

    id: str
    kind: RolloutKind = RolloutKind.UPDATE
    pool: str
    image: str
    version: str
    from_version: str | None
    state: RolloutState
    percent: int
    counts: dict[str, int]
    """Hosts per state."""
    schedule: Schedule
    reason: str
    requested_by: str
    created_at: UtcTime
    started_at: UtcTime | None
    ended_at: UtcTime | None
    note: str
    """Why it is paused, failed or cancelled."""


class NextMoment(Value):
    """What happens next, and when at the latest; `at` is null while it waits for a person."""

    at: UtcTime | None
    does: str


class RolloutView(RolloutBrief):
    """A rollout with its progress.

    `expected_end` reckons with the hosts finished so far (a guess before the first), with windows, and with
    people staying until the deadline; not with failures and the time until somebody approves. Null while nobody can
    say.
    """

    policy: Policy
    hosts: int
    accepting: int | None
    sessions_open: int
    """Sessions on hosts that are still to be updated."""
    sessions_signed_out: int
    minutes_per_host: float
    next: NextMoment | None
    expected_end: UtcTime | None
    expected_end_bounds: tuple[UtcTime, UtcTime] | None = None
    """If nobody had to be waited for, and if people stayed until `force_at` wherever they still can."""
    looked_at: UtcTime | None
    versions: dict[str, int] = Field(default_factory=dict)
    """Hosts per version they are on, as last verified; `unknown` counts those on no version of the image."""
    fresh: int | None = None
    """Of a refresh: hosts nobody has used since they were made; `percent` is their share. Null for other rollouts."""
    going_back: bool = False
    """Whether hosts are being brought back to what they were."""
    approved_at: UtcTime | None = None
    approved_by: str = ""
    windows_open_until: UtcTime | None = None
    """While work is allowed: until when. Null without windows, and while they bind nothing."""
    windows_opens_at: UtcTime | None = None
    """While work is not allowed: from when on it is."""


class RolloutHostView(Value):
    """One host of a rollout: its state, the last step begun, and which version it is on and why.

    `target` is what it is to be on; of a host that is brought back, what it was on before.
    """

    host: str
    vm_id: str
    state: HostState
    step: str
    attempt: int
    canary: bool
    sessions: int
    from_version: str | None
    version: str | None
    target: str
    strategy: str
    """`reimage`, `replace` or `swap`; empty while nothing destructive was done."""
    reason: str
    """Why it is on the version it is on; before its end, why nothing is done with it yet."""
    error: str
    old_disk_id: str | None
    taken_at: UtcTime | None
    ended_at: UtcTime | None


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
    why: str


class Finding(Value):
    """What one check before a rollout found. A rollout starts only when none says `fail`."""

    check: str
    result: Literal["pass", "warn", "fail"]
    detail: str
    what_to_do: str = ""


class PlannedHost(Value):
    """What the first look would do with one host, in the order in which hosts are taken."""

    host: str
    does: str
    reason: str
    sessions: int
    version: str | None


class PlannedBound(Value):
    """One of the things that limit how many hosts are updated at once: so many, and how that comes about."""

    bound: str
    hosts: int
    because: str


class PlanView(Value):
    """What would happen, had the request been made now. Nothing was written.

    The numbers are zero when the pool cannot be read; `preflight` then says why.
    """

    pool: str
    image: str
    version: str
    from_version: str | None
    schedule: Schedule
    policy: Policy
    can_start: bool
    """Whether no finding forbids it."""
    preflight: list[Finding]
    hosts: list[PlannedHost] = Field(default_factory=list)
    """In the order in which they are taken, as they are now."""
    ordered_by: str = ""
    to_update: int = 0
    users_now: int = 0
    """Sessions on hosts that would be updated."""
    users_at_force: int = 0
    """Sessions that would be ended at `force_at` if nobody logged off before."""
    at_once: int = 0
    """Hosts that may be rebuilt at the same time at most, once the ramp is behind; until `force_at`."""
    bounds: list[PlannedBound] = Field(default_factory=list)
    """All that limits how many hosts are updated at once, as it is when the first host may begin."""
    binding: list[str] = Field(default_factory=list)
    """The smallest of the bounds, which limits the beginning; several when they are equal."""
    binds_later: list[str] = Field(default_factory=list)
    """Which of them keep it to `at_once` later on."""
    windows: str = ""
    """When the first host may begin and how far that window reaches; empty when work is always allowed."""
    expected_end: UtcTime | None = None
    """Reckons with clean results and windows, not with the time until somebody approves; null if nobody can say."""
    expected_end_bounds: tuple[UtcTime, UtcTime] | None = None
    """If nobody had to be waited for, and if everybody stayed until `force_at`."""


class Accepted(Value):
    """The request was taken; whether it changes anything is not said."""

    accepted: bool = True


class Health(Value):
    """`ok` when every check is; else which one is not."""

    status: Literal["ok", "failing"]
    checks: dict[str, str]


class FieldError(Value):
    """One field that is wrong, by its dotted path."""

    field: str
    message: str


class Problem(Value):
    """RFC 9457, as `application/problem+json`. `type` is for programs, `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    """When a preflight failed: everything it found."""
    rollout: str = ""
    """The rollout that is in the way, if one is."""
    task: str = ""
    """The task that is in the way, if one is."""
    promotion: str = ""
    """The scheduled promotion that is in the way, if one is."""
    code: str = ""
    """Azure's own error code, if it was Azure that refused."""
    id: str = ""
    """Of an unexpected error: the log says more under this id."""
