"""Rollouts: requests, queries and answers. Times are ISO 8601 in UTC; counts are of hosts unless they say sessions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.api.agreed_plans import AgreedSignOuts
from shared.api.common import HostName, MayApprove, Moment, Reason, ScheduleRequest, ZoneName
from shared.api.conditions import Marked, Tagged
from shared.api.profiles import UsedProbe
from shared.api.rollout_pages.commands import RolloutCommands
from shared.core.states import RolloutState
from shared.models.base import UtcTime, Value
from shared.models.findings import Finding
from shared.models.messages import Message
from shared.models.policy import MOST_HOSTS, Policy
from shared.models.rollouts import RolloutKind, Schedule
from shared.models.tasks import CancelHow


class CommandRequest(Value):
    """A command. The body may be left out. `reason` is kept in the record and in the rollout's events."""

    reason: Reason = ""


class Reschedule(CommandRequest, AgreedSignOuts):
    """Change dates that are still in the future: `at` in mode `at`; `begin_at` and `deadline` in mode `on_logoff`."""

    at: Moment | None = None
    begin_at: Moment | None = None
    deadline: Moment | None = None
    time_zone: ZoneName | None = None


class CancelRequest(CommandRequest):
    """How to cancel. `leave`: hosts in work finish, the others stay unchanged. `roll_back`: roll all hosts back."""

    how: CancelHow = CancelHow.LEAVE


class RetryRequest(CommandRequest, AgreedSignOuts):
    """Retry the failed hosts, all or those in `hosts`. `schedule` is only allowed if the rollout has ended. Default:
    now."""

    hosts: Annotated[list[HostName], Field(min_length=1, max_length=MOST_HOSTS)] | None = None
    """Hosts that have failed; null: all that have. The failures of the others are accepted, as with `resume`."""

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
    schedule: Schedule | None
    """Null for a refresh, which signs nobody out."""
    reason: str
    requested_by: str
    created_at: UtcTime
    started_at: UtcTime | None
    ended_at: UtcTime | None
    note: Message | None
    """Why it is paused, failed or cancelled, or what it asks."""
    next: Message | None
    """What happens next; `at`: when at the latest, left out while it waits for a person. Null after the end."""
    expected_end: UtcTime | None
    """In lists as of the last pass. Null before it, and when it cannot be estimated; after the end, the end."""
    hosts: int
    failed: int
    """Hosts that have failed. In lists, both are of the last pass."""
    sessions_open: int
    """Sessions on hosts that still have to be updated."""


class NewHostsView(Value):
    """The version from which a new or burst host of the pool is created, and why."""

    image: str
    version: str
    reason: Message


class LostHostView(Value):
    """A host that a rollout removed from the host pool, and that no rollout knows to be out: storage lost writes."""

    host: str
    vm_id: str
    rollout: str
    """The rollout that removed it."""
    reason: Message


class PlannedBound(Value):
    """A limit on how many hosts are updated at once: the number and the reason."""

    bound: str
    hosts: int
    reason: Message


class FirstHostsView(Value):
    """The hosts that have to prove the version before the others follow."""

    total: int
    proved_at: UtcTime | None = None
    """When they had; null until then."""


class RolloutView(RolloutBrief, Tagged, Marked):
    """A rollout with its progress.

    `expected_end` is based on the hosts finished so far (an assumption before the first) and on windows, and assumes
    that users stay until the deadline and no host fails. It excludes waiting for approval. Null: not known.
    """

    policy: Policy
    probe: UsedProbe | None = None
    """The probe that the policy names, as it was at the request. Null without one."""
    accepting: int | None
    sessions_signed_out: int
    """Sessions that Freshcoat ended; a sign-out that did not work is not counted."""
    minutes_per_host: float
    expected_end_bounds: tuple[UtcTime, UtcTime] | None = None
    """Earliest: no waiting for users. Latest: users stay until `force_at`."""
    last_pass_at: UtcTime | None
    versions: dict[str, int] = Field(default_factory=dict)
    """Hosts that are there per version, as last verified. `unknown` counts hosts on no version of the image."""
    new_hosts: NewHostsView | None = None
    """What new hosts of the pool get now. Null after the end, and when it is not known now."""
    fresh: int | None = None
    """Refresh only: hosts unused since their last rebuild. `percent` is their share. Null for other rollouts."""
    only: list[str] | None = None
    """The hosts that it updates; null: all. Then the pool keeps its version, unless `for_new_hosts` is true."""
    exclude: list[str] = Field(default_factory=list)
    """Hosts that were left out by name."""
    for_new_hosts: bool = False
    """With `only`: whether new hosts of the pool get its version all the same."""
    drain_again: list[str] = Field(default_factory=list)
    """Hosts that are drained again at once if somebody undrains them."""
    undrained: list[str] = Field(default_factory=list)
    """Hosts that somebody undrained while they waited. Name them in `exclude` or `drain_again`, or they are drained at
    the deadline."""
    left_out: int = 0
    """Hosts that were left out, by name or by their tag."""
    rolling_back: bool = False
    """Whether hosts are being rolled back."""
    lost_hosts: tuple[LostHostView, ...] = ()
    """Hosts that this rollout removed from the pool, and that were found out of it since. Retry takes them up."""
    awaiting_since: UtcTime | None = None
    """Since when it waits for approval. Null unless it does."""
    approved_at: UtcTime | None = None
    approved_by: str = ""
    """Who approved the canary hosts."""
    second_person: bool = False
    """Whether it needs the approval of a second person, before it begins and after each change of it."""
    second_approved_at: UtcTime | None = None
    second_approved_by: str = ""
    waits_for: Message | None = None
    """Why a scheduled one will wait for approval when it is due: it may be approved before. Null when it will not."""
    may_approve: MayApprove | None = None
    """While it waits or will wait for approval: whether the caller may give it."""
    windows_open_until: UtcTime | None = None
    """While a window is open: when it closes. Null without windows, and when they do not apply."""
    windows_opens_at: UtcTime | None = None
    """While no window is open: when the next one opens."""
    commands: RolloutCommands | None = None
    """Which commands the caller may give now, and what each would do."""
    account: str = ""
    """Whose it is."""
    pool_time_zone: str = "UTC"
    """The zone of the pool (IANA): its windows are in it, and its users live in it."""
    at_once_now: int | None = None
    """How many hosts may be in work at the same time, as of the last pass. Null before the first, and after the end."""
    bound_by: PlannedBound | None = None
    """The limit that says so."""
    failed: int = 0
    failures_allowed: int = 0
    """More failed hosts than these, besides those accepted by `resume`, and `on_failure` of the policy applies."""
    first_hosts: FirstHostsView | None = None
    """The hosts that the others wait for. Null when there are none."""
    warnings: list[UtcTime] = Field(default_factory=list)
    """When users are told of the deadline, past moments too."""
    people_left: int = 0
    """Sessions on hosts that do not have the version yet, as of `as_of`."""
    begun_by_task: str = ""
    """The id of the task that began it; empty when somebody did."""
    policy_summary: list[str] = Field(default_factory=list)
    """The policy in a few sentences."""
    as_of: UtcTime | None = None
    """The read that found the last change of its hosts. `counts` are those of that moment."""
    mark: str = ""
    """Names that state of the hosts: answers with the same mark agree. It is `since` of the list of hosts."""


class PlannedHost(Value):
    """What the first reconcile pass would do with one host. Hosts are listed in the order of their rebuild."""

    host: str
    action: str
    reason: Message
    sessions: int
    version: str | None
    loses: list[Message] = Field(default_factory=list)
    """If its VM would be replaced: what that loses, and which extensions are installed again."""


class PlanView(Value):
    """What the request would do if it were sent now. Nothing was written.

    The numbers are zero when the pool cannot be read; `preflight` then says why.
    """

    pool: str
    image: str
    version: str
    from_version: str | None
    schedule: Schedule
    policy: Policy
    probe: UsedProbe | None = None
    """The probe that the policy names, as it is now. Null without one, and when the account has none of that name."""
    can_start: bool
    """Whether no preflight check failed. False when none was made."""
    checks_made: bool = True
    """Whether it was checked. False: it was asked with `checks=false`; it has no `id` then, and knows no replicas."""
    hosts_total: int = 0
    """How many hosts the plan has; `hosts` may have fewer."""
    id: str = ""
    """Hash of what it would do; a request may carry it as `plan`. Sessions and the clock do not change it."""
    preflight: list[Finding]
    hosts: list[PlannedHost] = Field(default_factory=list)
    """In the order of their rebuild, as of now."""
    ordered_by: Message | None = None
    to_update: int = 0
    users_now: int = 0
    """Sessions on hosts that would be updated."""
    users_at_force: int = 0
    """Sessions that would be ended at `force_at` if nobody signed out before."""
    at_once: int = 0
    """Maximum number of hosts rebuilt at the same time before `force_at`, once the batch size has grown."""
    bounds: list[PlannedBound] = Field(default_factory=list)
    """All limits on how many hosts are updated at once, as of the first rebuild."""
    proof: Message | None = None
    """What shows that the update works before many hosts get it, or how long that takes. Null: nothing is asked for."""
    limited_by: list[str] = Field(default_factory=list)
    """The smallest limits at the start; several when they are equal."""
    limited_later_by: list[str] = Field(default_factory=list)
    """The limits that determine `at_once` later."""
    approval: Message | None = None
    """That the request would wait for a second person, and which rings ask for one. Null when it would not."""
    deadline: Message | None = None
    """That the canary hosts are expected to pass only after `force_at`: users of the other hosts have until `at`
    (`schedule.others_force_at`). Null when they are not."""
    first_host_at: UtcTime | None = None
    """When the first host may start, as far as windows go. Null when work is always allowed."""
    windows: Message | None = None
    """When that window closes (`at`) and about how many hosts finish before (`count`).
    Null when work is always allowed."""
    expected_end: UtcTime | None = None
    """Assumes no failures and respects windows; excludes waiting for approval. Null when it cannot be estimated."""
    expected_end_bounds: tuple[UtcTime, UtcTime] | None = None
    """Earliest: no waiting for users. Latest: users stay until `force_at`."""
