"""Runs Freshcoat's real planner in virtual time: `observe`, `plan` and `next_pass_due` of shared/planning.

The actions of a reconcile pass are applied to the simulated pool, with the same row changes as in
shared/rollouts/hosts/actions.py. A pass runs when the last plan asked for it, one second after a host returned or a
drained host became empty (the product's signals), and every `poll_seconds`. The product receives a signal for every
logoff, but this model only for the logoff that empties a host. Other logoffs are seen at the next poll, so the model
is never faster than the product.

Skipped polls: a poll is skipped when no session and no host changed since the last pass, because it would see the same
state. Later polls keep their times. Everything that depends on time alone is included in `next_pass_due` and never
skipped. In the same way, `observe` is not repeated for an unchanged host unless the host is settling. tests/bench
shows on small pools that the results are the same without skipping.
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
from shared.models.host_parts import Drain, Warnings
from shared.models.policy import Policy, ScheduleMode, resolve_policy
from shared.models.rollouts import FIRST_GUESS, RolloutHost, Schedule
from shared.planning.host_rows import as_failed, skip, start_rebuild
from shared.planning.host_time import host_time
from shared.planning.observe import observe
from shared.planning.people.notices import sessions_matter
from shared.planning.plan import plan
from shared.planning.timing import next_pass_due
from shared.planning.values import DRAINED_STATES, Action, HostView, Limits, Plan, Snapshot
from shared.rollouts.reconcile.execute import BATCH

OLD, NEW = "1.0.0", "2.0.0"
LIMITS = Limits(sign_out=timedelta(seconds=300), approval=timedelta(days=7))
"""The defaults of the app's settings."""
RECONCILE_GAP = 1.0
"""Minimum seconds between two passes (an app setting)."""
REPLICAS = 4
"""Replicas of the version: enough for 200 hosts at once, so that they limit nothing here."""


class Freshcoat:
    """One rollout with mode `on_logoff`, from START to its end."""

    def __init__(self, policy: Policy | None = None, *, deadline: float = DEADLINE, thinned: bool = True) -> None:
        self.policy = policy or resolve_policy(ScheduleMode.ON_LOGOFF)
        self.force_at = START + deadline
        self._without_polls = self.policy.model_copy(update={"poll_seconds": 900})
        self.thinned = thinned
        self.state = RolloutState.SCHEDULED
        self.passes = 0
        self.schedule = Schedule(
            mode=ScheduleMode.ON_LOGOFF, begin_at=moment(START), force_at=moment(self.force_at), time_zone="UTC"
        )

    def begin(self, pool: Pool) -> None:
        """Publish the new version, and run the first pass now."""
        self.pool = pool
        self.hosts = {host.name: host for host in pool.hosts}
        self.rows = {name: RolloutHost(rollout="r", host=name, vm_id=name, version=OLD) for name in self.hosts}
        self._views: dict[str, HostView] = {}
        self._done = False
        self._forced_at: datetime | None = None
        self._canary_passed = False
        self._host_time = timedelta(seconds=FIRST_GUESS)
        self._due = self._next_due = math.inf
        self._seen = -1
        pool.on_left = self._left
        self._pass_at(pool.now)

    # Scheduling of passes.

    def _pass_at(self, when: float) -> None:
        """Schedule a pass, unless an earlier one is scheduled."""
        if when < self._due:
            self._due = when
            self.pool.at(when, self._run_due_pass, when)

    def _poll_at(self, when: float) -> None:
        """Schedule a pass that is skipped when nothing has changed by then."""
        self._due = when
        self.pool.at(when, self._poll, when)

    def _run_due_pass(self, planned: float) -> None:
        if planned == self._due and not self.state.ended:
            self.run_pass()

    def _poll(self, planned: float) -> None:
        if planned != self._due or self.state.ended:
            return
        if not self.thinned or self.pool.changes != self._seen:
            self.run_pass()
            return
        following = planned + self.policy.poll_seconds
        self._due = math.inf
        if following < self._next_due:
            self._poll_at(following)
        else:
            self._pass_at(self._next_due)

    def _left(self, host: Host) -> None:
        if host.idle and self.rows[host.name].state in DRAINED_STATES:
            self._pass_at(self.pool.now + RECONCILE_GAP)

    # One pass.

    def run_pass(self) -> None:
        """Read the snapshot, decide, execute, and schedule the next pass."""
        self.passes += 1
        self._due = math.inf
        self._seen = self.pool.changes
        now = moment(self.pool.now)
        snapshot = self._read_snapshot(now)
        decided = plan(snapshot, self.policy, now, limits=LIMITS)
        if decided.force_at:
            raise AssertionError("a pass was late, which cannot happen in virtual time")
        if decided.others_force_at:
            self.schedule = self.schedule.replace(others_force_at=decided.others_force_at)
        self._canary_passed |= decided.canary_passed
        if decided.forcing:
            self._forced_at = self._forced_at or now
        more_to_do = self._execute(decided, now)
        if decided.becomes:
            self.state = transition_rollout("r", self.state, decided.becomes)
        if self.state.ended:
            return
        if more_to_do:
            self._pass_at(self.pool.now + RECONCILE_GAP)
            return
        self._next(replace(snapshot, hosts=tuple(self._with_current_row(view) for view in snapshot.hosts)), now)

    def _next(self, after: Snapshot, now: datetime) -> None:
        """Schedule the next pass: at the next time in the plan, or at an earlier poll."""
        due = (next_pass_due(after, self._without_polls, now) - EPOCH).total_seconds()
        self._next_due = max(due, self.pool.now + RECONCILE_GAP)
        poll = self.pool.now + self.policy.poll_seconds
        if self._next_due <= poll:
            self._pass_at(self._next_due)
        else:
            self._poll_at(poll)

    def _read_snapshot(self, now: datetime) -> Snapshot:
        settle = timedelta(seconds=self.policy.settle_seconds)
        views = tuple(self._view(name, host, settle, now) for name, host in self.hosts.items())
        snapshot = Snapshot(
            hosts=views,
            schedule=self.schedule,
            state=self.state,
            target=NEW,
            session_limit=self.pool.limit,
            replicas=REPLICAS,
            may_probe_only=not self._done,
            host_time=self._host_time,
            forced_at=self._forced_at,
            canary_passed=self._canary_passed,
        )
        return replace(snapshot, sessions=self._sessions()) if sessions_matter(snapshot, self.policy, now) else snapshot

    def _view(self, name: str, host: Host, settle: timedelta, now: datetime) -> HostView:
        """The host as seen now with its observed row; the same object while nothing about it changes."""
        row, seen = self.rows[name], _seen(name, host.accepting, len(host.people)) if host.there else None
        known = self._views.get(name)
        if known and self.thinned and known.row is row and known.seen is seen and not _may_change_with_time(row, seen):
            return known
        row = self.rows[name] = observe(row, seen, settle, now)
        view = self._views[name] = HostView(row, seen)
        return view

    def _with_current_row(self, view: HostView) -> HostView:
        """The same host with its row as changed by this pass."""
        row = self.rows[view.name]
        return view if row is view.row else HostView(row, view.seen)

    def _sessions(self) -> tuple[UserSession, ...]:
        """All sessions, read only when users are to be told something or signed out, as in the product."""
        return tuple(
            UserSession(id=str(session.number), host=session.host.name, user=str(session.person), state="Active")
            for session in self.pool.sessions.values()
        )

    # Execution as in shared/rollouts/reconcile/execute.py: least harmful first, at most BATCH hosts per kind of action.

    def _execute(self, decided: Plan, now: datetime) -> bool:
        """Execute the plan. Returns whether it has more actions than one pass may execute."""
        reasons = {decision.host: decision.reason for decision in decided.decisions}
        for name in decided.chosen(Action.SKIP):
            self.rows[name] = skip(self.rows[name], reasons[name], now)
        more_to_do = self._each(decided.chosen(Action.UNDRAIN), self._undrain)
        more_to_do |= self._each(decided.chosen(Action.DRAIN), self._drain)
        self._warn(decided)
        more_to_do |= self._each(decided.chosen(Action.SIGN_OUT), self._sign_out)
        for name in decided.chosen(Action.FAIL):
            self.rows[name] = as_failed(self.rows[name], reasons[name].text, now)
        for name in decided.chosen(Action.REBUILD):
            self._rebuild(name, canary=not decided.canary_passed)
        return more_to_do

    def _each(self, names: list[str], act: Callable[[str], None]) -> bool:
        for name in names[:BATCH]:
            act(name)
        return len(names) > BATCH

    def _write(self, name: str, state: HostState, **changes: Any) -> None:
        row = self.rows[name]
        self.rows[name] = row.replace(state=transition_host(name, row.state, state), **changes)

    def _undrain(self, name: str) -> None:
        self._write(name, HostState.PENDING, drain=Drain())
        self.pool.accept(self.hosts[name], accepting=True)

    def _drain(self, name: str) -> None:
        drain = self.rows[name].drain.replace(drained_at=moment(self.pool.now), empty_since=None)
        self._write(name, HostState.DRAINING, drain=drain)
        self.pool.accept(self.hosts[name], accepting=False)

    def _warn(self, decided: Plan) -> None:
        by_number = {str(session.number): session for session in self.pool.sessions.values()} if decided.notices else {}
        for notice in decided.notices:
            row = self.rows[notice.host]
            told = row.warnings.told | {notice.session: notice.told}
            self.rows[notice.host] = row.replace(warnings=Warnings(told=told))
            if notice.told.deadline:
                self.pool.warn_session(by_number[notice.session])

    def _sign_out(self, name: str) -> None:
        now, row = moment(self.pool.now), self.rows[name]
        ended = {str(session.number) for session in self.hosts[name].people.values()}
        self._write(
            name,
            HostState.SIGNING_OUT,
            drain=row.drain.replace(sign_out_since=row.drain.sign_out_since or now, signed_out_last=now),
            signed_out=tuple(sorted({*row.signed_out, *ended})),
        )
        self.pool.sign_out(self.hosts[name])

    def _rebuild(self, name: str, *, canary: bool) -> None:
        host = self.hosts[name]
        if host.accepting or host.people:
            raise AssertionError(f"{name} is rebuilt while it accepts or has sessions")
        self.rows[name] = start_rebuild(self.rows[name], moment(self.pool.now), canary=canary)
        self.pool.rebuild(host, self._back)

    def _back(self, host: Host) -> None:
        for state in (HostState.JOINING, HostState.VERIFYING):
            self._write(host.name, state)
        self._write(host.name, HostState.DONE, version=NEW, ended_at=moment(self.pool.now), sessions=0)
        self._done = True
        self._host_time = host_time(self.rows.values(), self._host_time)
        self._pass_at(self.pool.now + RECONCILE_GAP)


def _may_change_with_time(row: RolloutHost, seen: SessionHost | None) -> bool:
    """Whether `observe` may change the row of an unchanged host, because the host is settling."""
    waits = row.state is HostState.WAITING_FOR_LOGOFF and seen is not None and seen.sessions > 0
    return row.state in DRAINED_STATES and not waits


@lru_cache(maxsize=50_000)
def _seen(name: str, accepting: bool, sessions: int) -> SessionHost:
    """A host as the broker's list shows it; the same object for the same values."""
    return SessionHost(name=name, vm_id=name, accepting=accepting, sessions=sessions, status="Available")
