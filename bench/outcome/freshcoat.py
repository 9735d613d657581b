"""Freshcoat's own planner, driven in virtual time: the real `observe`, `plan` and `next_pass_due` of shared/planning.

What a look does to Azure is done to the pool instead, with the same changes to the rows as in
shared/rollouts/hosts/actions.py. Looks come when the last plan asked for one, a second after a host came back or a
drained host became empty (the signals of the product), and every `poll_seconds`. The product is signalled by every
logoff; here only by the one that empties a host: the others are seen at the next poll, so this is never quicker than
the product.

Thinning: a poll that falls due while neither a session nor a host has changed since the last look would see what that
look saw, so it is left out. The polls after it keep their times. All that time alone brings about is in `next_pass_due`
besides the poll, and is not left out. Likewise `observe` is not asked again about a host that looks as it did, unless
it settles. tests/bench proves on small pools that nothing comes out differently.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from bench.outcome.hosts import Host
from bench.outcome.people import DEADLINE, EPOCH, START, moment
from bench.outcome.pool import Pool
from shared.core.states import HostState, RolloutState, transition_host, transition_rollout
from shared.models.azure import SessionHost, UserSession
from shared.models.policy import Policy, ScheduleMode, resolve_policy
from shared.models.rollouts import FIRST_GUESS, RolloutHost, Schedule
from shared.planning.host_rows import as_failed, skip, start_rebuild
from shared.planning.host_time import host_time
from shared.planning.observe import observe
from shared.planning.plan import plan
from shared.planning.timing import due_step, next_pass_due
from shared.planning.values import DRAINED_STATES, Action, HostView, Limits, Plan, Snapshot
from shared.rollouts.reconcile.execute import BATCH

OLD, NEW = "1.0.0", "2.0.0"
LIMITS = Limits(sign_out=timedelta(seconds=300), approval=timedelta(days=7))
"""As the app's settings have them."""
LOOK_GAP = 1.0
"""Seconds between two looks at the least (the app's setting)."""
REPLICAS = 4
"""Replicas of the version: enough for 200 hosts at once, so that they bind nothing here."""


class Freshcoat:
    """One rollout `on_logoff`, from START to its end."""

    def __init__(self, policy: Policy | None = None, *, deadline: float = DEADLINE, thinned: bool = True) -> None:
        self.policy = policy or resolve_policy(ScheduleMode.ON_LOGOFF)
        self.force_at = START + deadline
        self._rarely = self.policy.model_copy(update={"poll_seconds": 900})
        self.thinned = thinned
        self.state = RolloutState.SCHEDULED
        self.looks = 0
        self.schedule = Schedule(
            mode=ScheduleMode.ON_LOGOFF, begin_at=moment(START), force_at=moment(self.force_at), time_zone="UTC"
        )

    def begin(self, pool: Pool) -> None:
        """Publish: the first look is now."""
        self.pool = pool
        self.hosts = {host.name: host for host in pool.hosts}
        self.rows = {name: RolloutHost(rollout="r", host=name, vm_id=name, version=OLD) for name in self.hosts}
        self._views: dict[str, HostView] = {}
        self._done = False
        self._forced_at: datetime | None = None
        self._host_time = timedelta(seconds=FIRST_GUESS)
        self._due = self._moment = math.inf
        self._seen = -1
        pool.on_left = self._left
        self._look_at(pool.now)

    # When to look.

    def _look_at(self, when: float) -> None:
        """Look then, unless a look comes before."""
        if when < self._due:
            self._due = when
            self.pool.at(when, self._due_now, when)

    def _poll_at(self, when: float) -> None:
        """Look then if something has changed by then."""
        self._due = when
        self.pool.at(when, self._poll, when)

    def _due_now(self, planned: float) -> None:
        if planned == self._due and not self.state.ended:
            self.look()

    def _poll(self, planned: float) -> None:
        if planned != self._due or self.state.ended:
            return
        if not self.thinned or self.pool.changes != self._seen:
            self.look()
            return
        following = planned + self.policy.poll_seconds
        self._due = math.inf
        if following < self._moment:
            self._poll_at(following)
        else:
            self._look_at(self._moment)

    def _left(self, host: Host) -> None:
        if host.idle and self.rows[host.name].state in DRAINED_STATES:
            self._look_at(self.pool.now + LOOK_GAP)

    # One look.

    def look(self) -> None:
        """Gather, decide, carry out; then know when to look again."""
        self.looks += 1
        self._due = math.inf
        self._seen = self.pool.changes
        now = moment(self.pool.now)
        snapshot = self._gather(now)
        decided = plan(snapshot, self.policy, now, limits=LIMITS)
        if decided.force_at:
            raise AssertionError("a look came late: here none does")
        if decided.forcing:
            self._forced_at = self._forced_at or now
        left_over = self._carry_out(decided, now)
        if decided.becomes:
            self.state = transition_rollout("r", self.state, decided.becomes)
        if self.state.ended:
            return
        if left_over:
            self._look_at(self.pool.now + LOOK_GAP)
            return
        self._next(replace(snapshot, hosts=tuple(self._as_left(view) for view in snapshot.hosts)), now)

    def _next(self, after: Snapshot, now: datetime) -> None:
        """The next look: at the moment that the plan knows of, or at a poll before it."""
        self._moment = max((next_pass_due(after, self._rarely, now) - EPOCH).total_seconds(), self.pool.now + LOOK_GAP)
        poll = self.pool.now + self.policy.poll_seconds
        if self._moment <= poll:
            self._look_at(self._moment)
        else:
            self._poll_at(poll)

    def _gather(self, now: datetime) -> Snapshot:
        settle = timedelta(seconds=self.policy.settle_seconds)
        views = tuple(self._view(name, host, settle, now) for name, host in self.hosts.items())
        return Snapshot(
            hosts=views,
            schedule=self.schedule,
            state=self.state,
            target=NEW,
            session_limit=self.pool.limit,
            replicas=REPLICAS,
            may_probe_only=not self._done,
            host_time=self._host_time,
            forced_at=self._forced_at,
            sessions=self._sessions(now),
        )

    def _view(self, name: str, host: Host, settle: timedelta, now: datetime) -> HostView:
        """The host as seen now, and its row as this leaves it; the very same view while nothing about it changes."""
        row, seen = self.rows[name], _seen(name, host.accepting, len(host.people)) if host.there else None
        known = self._views.get(name)
        if known and self.thinned and known.row is row and known.seen is seen and not _time_tells(row, seen):
            return known
        row = self.rows[name] = observe(row, seen, settle, now)
        view = self._views[name] = HostView(row, seen)
        return view

    def _as_left(self, view: HostView) -> HostView:
        """The same host with its row as this look leaves it."""
        row = self.rows[view.name]
        return view if row is view.row else HostView(row, view.seen)

    def _sessions(self, now: datetime) -> tuple[UserSession, ...] | None:
        """All sessions; read only when somebody is to be warned or signed out, as the product does."""
        if due_step(self.policy, self.schedule.force_at, now) is None and now < self.schedule.force_at:
            return None
        return tuple(
            UserSession(id=str(session.number), host=session.host.name, user=str(session.person), state="Active")
            for session in self.pool.sessions.values()
        )

    # Carrying it out: least harmful first, at most BATCH hosts of a kind, as shared/rollouts/reconcile/execute.py.

    def _carry_out(self, decided: Plan, now: datetime) -> bool:
        """Do what was decided; whether more was decided than one look does."""
        reasons = {decision.host: decision.reason for decision in decided.decisions}
        for name in decided.chosen(Action.SKIP):
            self.rows[name] = skip(self.rows[name], reasons[name], now)
        left_over = self._each(decided.chosen(Action.UNDRAIN), self._give_back)
        left_over |= self._each(decided.chosen(Action.DRAIN), self._drain)
        self._warn(decided)
        left_over |= self._each(decided.chosen(Action.SIGN_OUT), self._sign_out)
        for name in decided.chosen(Action.FAIL):
            self.rows[name] = as_failed(self.rows[name], reasons[name], now)
        for name in decided.chosen(Action.REBUILD):
            self._take(name, canary=not decided.canary_passed)
        return left_over

    def _each(self, names: list[str], act: Callable[[str], None]) -> bool:
        for name in names[:BATCH]:
            act(name)
        return len(names) > BATCH

    def _write(self, name: str, state: HostState, **changes: Any) -> None:
        row = self.rows[name]
        self.rows[name] = row.model_copy(update={"state": transition_host(name, row.state, state), **changes})

    def _give_back(self, name: str) -> None:
        nothing = {"drained_at": None, "empty_since": None, "sign_out_since": None, "signed_out_last": None}
        self._write(name, HostState.PENDING, **nothing)
        self.pool.accept(self.hosts[name], accepting=True)

    def _drain(self, name: str) -> None:
        self._write(name, HostState.DRAINING, drained_at=moment(self.pool.now), empty_since=None)
        self.pool.accept(self.hosts[name], accepting=False)

    def _warn(self, decided: Plan) -> None:
        by_number = (
            {str(session.number): session for session in self.pool.sessions.values()} if decided.warnings else {}
        )
        for warning in decided.warnings:
            row = self.rows[warning.host]
            warned = row.warned if row.warned_for == self.schedule.force_at else {}
            changes = {"warned": warned | {warning.session: warning.step}, "warned_for": self.schedule.force_at}
            self.rows[warning.host] = row.model_copy(update=changes)
            self.pool.warn_session(by_number[warning.session])

    def _sign_out(self, name: str) -> None:
        now, row = moment(self.pool.now), self.rows[name]
        ended = {str(session.number) for session in self.hosts[name].people.values()}
        self._write(
            name,
            HostState.SIGNING_OUT,
            sign_out_since=row.sign_out_since or now,
            signed_out_last=now,
            signed_out=tuple(sorted({*row.signed_out, *ended})),
        )
        self.pool.sign_out(self.hosts[name])

    def _take(self, name: str, *, canary: bool) -> None:
        host = self.hosts[name]
        if host.accepting or host.people:
            raise AssertionError(f"{name} is taken while it accepts or holds sessions")
        self.rows[name] = start_rebuild(self.rows[name], moment(self.pool.now), canary=canary)
        self.pool.rebuild(host, self._back)

    def _back(self, host: Host) -> None:
        for state in (HostState.JOINING, HostState.VERIFYING):
            self._write(host.name, state)
        self._write(host.name, HostState.DONE, version=NEW, ended_at=moment(self.pool.now), sessions=0)
        self._done = True
        self._host_time = host_time(self.rows.values(), self._host_time)
        self._look_at(self.pool.now + LOOK_GAP)


def _time_tells(row: RolloutHost, seen: SessionHost | None) -> bool:
    """Whether `observe` may say something new of a row though the host looks as before: while it settles."""
    waits = row.state is HostState.WAITING_FOR_LOGOFF and seen is not None and seen.sessions > 0
    return row.state in DRAINED_STATES and not waits


@lru_cache(maxsize=50_000)
def _seen(name: str, accepting: bool, sessions: int) -> SessionHost:
    """A host as the broker's list shows it; the same object for the same look."""
    return SessionHost(name=name, vm_id=name, accepting=accepting, sessions=sessions, status="Available")
