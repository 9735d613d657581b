"""What the planner is given and what it answers: frozen values, nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from shared.core.states import HOST_IN_WORK, HostState, RolloutState
from shared.models.azure import SessionHost, UserSession
from shared.models.messages import Message
from shared.models.policy import AfterForce, Policy, ScheduleMode
from shared.models.pools import Refresh
from shared.models.rollouts import FIRST_GUESS, RolloutHost, RolloutKind, Schedule

DRAINED_STATES = frozenset({HostState.DRAINING, HostState.WAITING_FOR_LOGOFF, HostState.SIGNING_OUT})
"""A host we drained and have not begun to rebuild."""

HELD_STATES = DRAINED_STATES | HOST_IN_WORK
"""A host that a rollout is at: nobody else may touch it."""


@dataclass(frozen=True)
class Limits:
    """Ends of the waits that a look decides about."""

    sign_out: timedelta
    """How long a host may take to get rid of its sessions once they are being ended."""
    approval: timedelta
    """How long a rollout waits for a person's approval."""


@dataclass(frozen=True)
class HostView:
    """One host: its row, and how the broker sees it now (None while it is not registered)."""

    row: RolloutHost
    seen: SessionHost | None

    @property
    def name(self) -> str:
        """The host's name."""
        return self.row.host

    @property
    def sessions(self) -> int:
        """Sessions as the broker counts them, disconnected ones too."""
        return self.seen.sessions if self.seen else 0

    @property
    def drained(self) -> bool:
        """Whether we drained it and wait for it to be empty and settled."""
        return self.row.state in DRAINED_STATES

    @property
    def serving(self) -> bool:
        """Whether a new logon could land here now."""
        return self.seen is not None and self.seen.serving


@dataclass(frozen=True)
class Snapshot:
    """A pool in the midst of a rollout, as one look found it.

    `session_limit` is per host. `may_probe_only`: it is not known yet whether re-imaging works on this
    pool, so one host at a time. `sessions` is None when the look had no need to read them. `zone` is that of the
    policy's windows, `host_time` what a host takes. `writes_left`: what ARM said is left of its budget, if it did.
    `forced_at`: the first look that could end sessions, if one has.
    For a refresh: `refresh` is what the pool asks for, `blocked_reason` says why no host may be started. For a rollout:
    `held_by_refresh` are the hosts that the pool's refresh still holds. For a retry: `others` are the hosts of the pool
    that it does not update; the pool's limits count all hosts.
    """

    hosts: tuple[HostView, ...]
    schedule: Schedule
    state: RolloutState
    target: str
    session_limit: int
    replicas: int
    may_probe_only: bool = False
    failures_accepted: int = 0
    sessions: tuple[UserSession, ...] | None = None
    kind: RolloutKind = RolloutKind.UPDATE
    rolling_back: bool = False
    approved: bool = False
    awaiting_since: datetime | None = None
    forced_at: datetime | None = None
    ends_as: RolloutState = RolloutState.CANCELLED
    zone: str = "UTC"
    host_time: timedelta = timedelta(seconds=FIRST_GUESS)
    writes_left: int | None = None
    refresh: Refresh = Refresh.OFF
    blocked_reason: Message | None = None
    held_by_refresh: frozenset[str] = frozenset()
    others: tuple[SessionHost, ...] = ()

    def with_rows(self, rows: Mapping[str, RolloutHost]) -> Snapshot:
        """The same look with other rows: what is known after its commands were carried out."""
        return replace(self, hosts=tuple(replace(view, row=rows[view.name]) for view in self.hosts))

    @cached_property
    def counts(self) -> Counter[HostState]:
        """Hosts per state."""
        return Counter(view.row.state for view in self.hosts)

    @cached_property
    def open_sessions(self) -> int:
        """Sessions on all hosts of the pool."""
        return sum(view.sessions for view in self.hosts) + sum(other.sessions for other in self.others)

    @cached_property
    def others_serving(self) -> int:
        """Hosts that accept sessions and are none of this rollout's."""
        return sum(other.serving for other in self.others)

    def forcing(self, now: datetime) -> bool:
        """Whether sessions may be ended."""
        return now >= self.schedule.force_at

    def limits_lifted(self, policy: Policy, now: datetime) -> bool:
        """Whether the floor no longer binds: sessions are ended anyway and nobody asked for waves."""
        return self.forcing(now) and policy.after_force is AfterForce.ALL

    def everything_at_once(self, policy: Policy, now: datetime) -> bool:
        """Whether `max_unavailable` no longer binds either: the deadline of `on_logoff` is over."""
        return self.limits_lifted(policy, now) and self.schedule.mode is ScheduleMode.ON_LOGOFF


class Action(StrEnum):
    """What is to be done with a host at this look."""

    WAIT = "wait"
    """Nothing; the reason says why not yet."""
    SKIP = "skip"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    """Undrain a host we drained: too few accept sessions, or the rollout is cancelled."""
    SIGN_OUT = "sign_out"
    REBUILD = "rebuild"
    """Begin to rebuild it."""
    FAIL = "fail"


@dataclass(frozen=True)
class Decision:
    """What is to be done with one host, and why; hosts that are not chosen have a reason too."""

    host: str
    act: Action
    reason: Message
    sessions: int = 0

    def __str__(self) -> str:
        return f"{self.act} {self.host}: {self.reason}"


@dataclass(frozen=True)
class SessionWarning:
    """A message to one session: `step` minutes before force_at, `minutes` as they are now."""

    host: str
    session: str
    step: int
    minutes: int


@dataclass(frozen=True)
class Bound:
    """One of the things that limit how many hosts are updated at once; the smallest binds."""

    name: str
    hosts: int
    reason: Message


@dataclass(frozen=True)
class Plan:
    """The answer to one look. Decisions stand in the order in which hosts will be taken."""

    decisions: tuple[Decision, ...]
    next_pass_at: datetime | None
    """When to look again at the latest; None at the end, and while only a person can move things on."""
    warnings: tuple[SessionWarning, ...] = ()
    becomes: RolloutState | None = None
    """The state the rollout moves to now; None: it stays."""
    note: Message | None = None
    """Why the rollout is, or becomes, what it is."""
    ends_as: RolloutState | None = None
    """With `cancelling`: the end it then comes to; None: cancelled."""
    canary_passed: bool = False
    forcing: bool = False
    """Sessions are ended from now on."""
    force_at: datetime | None = None
    """Sessions are ended only then: people have to be told first."""
    short_of_writes: bool = False
    """Hosts wait that nothing else keeps back than what ARM has left to write with: that fills up within seconds."""

    def chosen(self, act: Action) -> list[str]:
        """The hosts this is to be done with, in order."""
        return [decision.host for decision in self.decisions if decision.act is act]
