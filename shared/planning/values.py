"""The inputs and results of the planner, as frozen values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from shared.core.states import HOST_IN_WORK, HostState, RolloutState
from shared.models.azure import SessionHost, UserSession
from shared.models.host_parts import Told
from shared.models.messages import Message
from shared.models.policy import AfterForce, Policy, ScheduleMode
from shared.models.pools import Refresh
from shared.models.rollouts import FIRST_GUESS, RolloutHost, RolloutKind, Schedule

DRAINED_STATES = frozenset({HostState.DRAINING, HostState.WAITING_FOR_LOGOFF, HostState.SIGNING_OUT})
"""States of a host that we drained and have not started to rebuild."""

HELD_STATES = DRAINED_STATES | HOST_IN_WORK
"""States of a host that a rollout holds: nobody else may change it."""


@dataclass(frozen=True)
class Limits:
    """Limits of the waits that a pass decides about."""

    sign_out: timedelta
    """How long signing users out of one host may take."""
    approval: timedelta
    """How long a rollout waits for a person's approval."""


@dataclass(frozen=True)
class HostView:
    """One host: its row, and the session host as the broker reports it (None while it is not registered)."""

    row: RolloutHost
    seen: SessionHost | None
    left_out: Message | None = None
    """Why the rollout leaves the host alone; None when it does not."""

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
        """Whether we drained the host and have not started to rebuild it."""
        return self.row.state in DRAINED_STATES

    @property
    def serving(self) -> bool:
        """Whether the broker may assign a new session to the host now. It still lists a host whose VM is gone."""
        return self.seen is not None and self.seen.serving and not self.row.vm_missing


@dataclass(frozen=True)
class Bound:
    """One limit on how many hosts are updated at once; the smallest limit applies."""

    name: str
    hosts: int
    reason: Message


@dataclass(frozen=True)
class Snapshot:
    """A pool during a rollout, as one pass read it.

    `session_limit` is per host. `may_probe_only`: nobody knows yet whether re-imaging works on this pool, so only one
    host is rebuilt at a time. `unproven`: no host has shown yet that this update works at all. `sessions` is None when
    the pass did not need to read them. `zone` is the time zone of the policy's windows, `host_time` the time that one
    host needs. `writes_left` is ARM's remaining write quota, if ARM reported it. `cap`: the hosts that
    the account's caps still allow to begin. `forced_at` is the time of the first pass that could end sessions.
    In a refresh, `refresh` is the pool's setting, and `blocked_reason` says why no host may be started. In a rollout,
    `held_by_refresh` names the hosts that the pool's refresh still holds. In a retry, `others` are the pool's hosts
    that it does not update; the pool's limits count all hosts. `drain_again` names the hosts that are drained again
    although somebody undrained them.
    """

    hosts: tuple[HostView, ...]
    schedule: Schedule
    state: RolloutState
    target: str
    session_limit: int
    replicas: int
    may_probe_only: bool = False
    unproven: bool = False
    failures_accepted: int = 0
    sessions: tuple[UserSession, ...] | None = None
    kind: RolloutKind = RolloutKind.UPDATE
    rolling_back: bool = False
    approved: bool = False
    canary_passed: bool = False
    awaiting_since: datetime | None = None
    awaits_second: bool = False
    """A second person must approve it; `awaiting_since` is about that then."""
    forced_at: datetime | None = None
    ends_as: RolloutState = RolloutState.CANCELLED
    zone: str = "UTC"
    host_time: timedelta = timedelta(seconds=FIRST_GUESS)
    writes_left: int | None = None
    cap: Bound | None = None
    refresh: Refresh = Refresh.OFF
    blocked_reason: Message | None = None
    held_by_refresh: frozenset[str] = frozenset()
    others: tuple[SessionHost, ...] = ()
    drain_again: frozenset[str] = frozenset()

    def with_rows(self, rows: Mapping[str, RolloutHost]) -> Snapshot:
        """The same snapshot with other rows, after the plan's actions were executed."""
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
    def sessions_by_host(self) -> Mapping[str, Sequence[UserSession]]:
        """The sessions that the pass has read, by host."""
        found = defaultdict(list)
        for session in self.sessions or ():
            found[session.host.lower()].append(session)
        return found

    @cached_property
    def others_serving(self) -> int:
        """Number of hosts outside this rollout that accept sessions."""
        return sum(other.serving for other in self.others)

    def forcing(self, now: datetime) -> bool:
        """Whether sessions may be ended: on the canary hosts until these have passed, then on all hosts.

        If the canary passes before the moved deadline of the other hosts, nobody is signed out in between.
        """
        others = self.schedule.others_force_at
        between = others is not None and now < others and self.canary_passed
        return now >= self.schedule.force_at and not between

    def limits_lifted(self, policy: Policy, now: datetime) -> bool:
        """Whether the floor no longer applies: sessions are ended anyway, and the policy asks for no waves."""
        return self.forcing(now) and policy.after_force is AfterForce.ALL

    def everything_at_once(self, policy: Policy, now: datetime) -> bool:
        """Whether `max_unavailable` no longer applies either: the deadline of `on_logoff` has passed."""
        return self.limits_lifted(policy, now) and self.schedule.mode is ScheduleMode.ON_LOGOFF


class Action(StrEnum):
    """What this pass does with a host."""

    WAIT = "wait"
    """Do nothing; the reason says why."""
    SKIP = "skip"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    """Undrain a host we drained: too few accept sessions, or the rollout is cancelled."""
    SIGN_OUT = "sign_out"
    REBUILD = "rebuild"
    """Start to rebuild the host."""
    FAIL = "fail"


@dataclass(frozen=True)
class Decision:
    """What a pass does with one host, and why. Hosts that are not chosen have a reason too."""

    host: str
    act: Action
    reason: Message
    sessions: int = 0

    def __str__(self) -> str:
        return f"{self.act} {self.host}: {self.reason}"


class NoticeKind(StrEnum):
    """What a message to a session says."""

    WARNING = "warning"
    """When the session will be ended."""
    MOVED = "moved"
    """That this is at another time than the user was told before."""
    OFF = "off"
    """That it will not be ended, though the user was told so before."""


@dataclass(frozen=True)
class SessionNotice:
    """A message to the user of one session, and what is recorded of it (see `Told`)."""

    host: str
    session: str
    kind: NoticeKind
    told: Told


@dataclass(frozen=True)
class Plan:
    """The result of planning one pass. Decisions are in the order in which hosts are chosen."""

    decisions: tuple[Decision, ...]
    next_pass_at: datetime | None
    """When the next pass is due at the latest; None at the end, and while only a person can continue."""
    notices: tuple[SessionNotice, ...] = ()
    becomes: RolloutState | None = None
    """The rollout's next state; None: unchanged."""
    note: Message | None = None
    """Why the rollout is in this state."""
    ends_as: RolloutState | None = None
    """With `cancelling`: the state in which the rollout then ends; None: cancelled."""
    canary_passed: bool = False
    forcing: bool = False
    """Whether sessions are ended from now on."""
    force_at: datetime | None = None
    """The new deadline, because users have to be warned first; None: unchanged."""
    others_force_at: datetime | None = None
    """The new deadline of the hosts that are not canary hosts; None: unchanged."""
    short_of_writes: bool = False
    """Whether hosts wait only for ARM's write quota, which refills within seconds."""
    stands_still: bool = False
    """Whether nothing may be begun at all: before the start, outside the windows, while it waits for a person."""

    def chosen(self, act: Action) -> list[str]:
        """The hosts with this action, in order."""
        return [decision.host for decision in self.decisions if decision.act is act]
