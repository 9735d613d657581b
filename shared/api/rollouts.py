"""Rollouts: requests, queries and answers. Times are ISO 8601 in UTC; counts are of hosts unless they say sessions."""

from __future__ import annotations

from pydantic import Field

from shared.api.common import Moment, PageQuery, ScheduleRequest, ZoneName
from shared.core.states import HostState, RolloutState
from shared.models.base import Name, UtcTime, Value
from shared.models.findings import Finding
from shared.models.policy import Policy
from shared.models.rollouts import RolloutKind, Schedule
from shared.models.tasks import CancelHow


class RolloutsQuery(PageQuery):
    """Which rollouts."""

    pool: Name | None = None
    state: RolloutState | None = None


class RolloutHostsQuery(PageQuery):
    """Which hosts of a rollout."""

    state: HostState | None = None


class Reschedule(Value):
    """Move what is still ahead. A rollout of mode `at` takes `at`; one of mode `on_logoff` `begin_at`, `deadline`."""

    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None


class CancelRequest(Value):
    """How to stop. `leave`: hosts in work are finished, the rest stays as it is. `roll_back`: everything goes back."""

    how: CancelHow = CancelHow.LEAVE


class RetryRequest(Value):
    """Take once more what has failed. `schedule` is for a rollout that has ended; left out: now."""

    schedule: ScheduleRequest | None = None


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
    action: str


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
    last_pass_at: UtcTime | None
    versions: dict[str, int] = Field(default_factory=dict)
    """Hosts per version they are on, as last verified; `unknown` counts those on no version of the image."""
    fresh: int | None = None
    """Of a refresh: hosts nobody has used since they were made; `percent` is their share. Null for other rollouts."""
    rolling_back: bool = False
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


class PlannedHost(Value):
    """What the first look would do with one host, in the order in which hosts are taken."""

    host: str
    action: str
    reason: str
    sessions: int
    version: str | None


class PlannedBound(Value):
    """One of the things that limit how many hosts are updated at once: so many, and how that comes about."""

    bound: str
    hosts: int
    reason: str


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
    limited_by: list[str] = Field(default_factory=list)
    """The smallest of the bounds, which limits the beginning; several when they are equal."""
    limited_later_by: list[str] = Field(default_factory=list)
    """Which of them keep it to `at_once` later on."""
    windows: str = ""
    """When the first host may begin and how far that window reaches; empty when work is always allowed."""
    expected_end: UtcTime | None = None
    """Reckons with clean results and windows, not with the time until somebody approves; null if nobody can say."""
    expected_end_bounds: tuple[UtcTime, UtcTime] | None = None
    """If nobody had to be waited for, and if everybody stayed until `force_at`."""
