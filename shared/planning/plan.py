"""The decision of one look: `plan(snapshot, policy, now) -> Plan`. Pure and total.

The same snapshot gives the same plan, in whatever order its hosts come. Hosts that are not taken get a
reason too, so that "why not yet?" always has an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.models.policy import OnFailure, Policy
from shared.planning.budget import Budget, budget_for, canary_of
from shared.planning.moments import next_look, sign_out_wait, signing_out_since, warnings_due
from shared.planning.observe import gone, ready
from shared.planning.values import Act, Decision, HostView, Plan, Snapshot
from shared.states import HostState, RolloutState

GOING_ON = frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING})
"""States in which a look begins something; in the others but `cancelling` it only keeps the floor."""


def plan(snapshot: Snapshot, policy: Policy, now: datetime, *, sign_out_limit: timedelta) -> Plan:
    """What to do now with each host that is not through, when to look again, and what the rollout becomes.

    `sign_out_limit` is how long a host may take to get rid of its sessions once they are being ended.
    """
    if snapshot.state.ended:
        return Plan((), None)
    if snapshot.state is RolloutState.CANCELLING:
        return _cancelling(snapshot, policy, now)
    chooser = _Chooser(snapshot, policy, now, sign_out_limit)
    if snapshot.state not in GOING_ON:
        return _holding(snapshot, policy, now, chooser)
    return _going_on(snapshot, policy, now, chooser)


def _going_on(snapshot: Snapshot, policy: Policy, now: datetime, chooser: _Chooser) -> Plan:
    rows = (view.row for view in snapshot.hosts)
    warnings = warnings_due(rows, snapshot.sessions or (), policy, snapshot.schedule.force_at, now)
    look = next_look(snapshot, policy, now)
    if now < snapshot.schedule.begin_at:
        why = f"begins at {snapshot.schedule.begin_at.isoformat(timespec='seconds')}"
        return Plan(_before_begin(snapshot, why), look, warnings)
    stop = _too_many_failures(snapshot, policy)
    if stop:
        held = tuple(_hold(view, "the rollout is paused") for view in _in_order(snapshot))
        return Plan(held, None, becomes=RolloutState.PAUSED, note=stop)
    decisions = tuple(chooser.decide(view) for view in _in_order(snapshot))
    decisions = chooser.with_floor_restored(decisions)
    becomes, note = _end(snapshot, decisions)
    if becomes is None and snapshot.state is RolloutState.SCHEDULED:
        becomes = RolloutState.RUNNING
    return Plan(
        decisions,
        None if becomes and becomes.ended else look,
        warnings,
        becomes=becomes,
        note=note,
        canary_passed=chooser.canary.passed and snapshot.counts[HostState.DONE] > 0,
    )


def _before_begin(snapshot: Snapshot, why: str) -> tuple[Decision, ...]:
    """Nothing happens yet; what was drained before the beginning was moved is given back."""
    return tuple(
        Decision(view.name, Act.GIVE_BACK, why, view.sessions) if view.drained else _hold(view, why)
        for view in _in_order(snapshot)
    )


def _in_order(snapshot: Snapshot) -> list[HostView]:
    """Hosts that are not through, in the order in which they are taken: idle ones first, then fewest sessions.

    Drained hosts come before others with as many sessions, since they already serve nobody new; ties go by name.
    """
    open_hosts = (view for view in snapshot.hosts if not view.row.state.ended)
    return sorted(open_hosts, key=lambda view: (view.sessions, not view.drained, view.name))


def _hold(view: HostView, why: str) -> Decision:
    return Decision(view.name, Act.HOLD, why, view.sessions)


def _too_many_failures(snapshot: Snapshot, policy: Policy) -> str:
    """Why the rollout must stop because of failed hosts; empty when it may go on."""
    failed = snapshot.counts[HostState.FAILED] - snapshot.failures_accepted
    if all(view.row.state.ended for view in snapshot.hosts):
        return ""  # nothing is left to be stopped
    if failed <= 0 or policy.on_failure is OnFailure.CONTINUE:
        return ""
    if snapshot.counts[HostState.DONE] < policy.canary_hosts:
        return f"{failed} of the first hosts failed, so no other is touched. Look at the error, then resume or cancel."
    if failed <= policy.failures_allowed(len(snapshot.hosts)):
        return ""
    return f"{failed} hosts failed, more than the policy allows. Look at their errors, then resume or cancel."


def _end(snapshot: Snapshot, decisions: tuple[Decision, ...]) -> tuple[RolloutState | None, str]:
    """The end this look comes to, once no host is left to do anything with."""
    if any(decision.act is not Act.SKIP for decision in decisions):
        return None, ""
    failed = snapshot.counts[HostState.FAILED]
    if failed:
        return RolloutState.FAILED, f"{failed} of {len(snapshot.hosts)} hosts failed."
    return RolloutState.SUCCEEDED, ""


def _cancelling(snapshot: Snapshot, policy: Policy, now: datetime) -> Plan:
    """Hosts in work finish, drained ones are given back, the rest stay as they are."""
    decisions = []
    for view in _in_order(snapshot):
        if view.row.state.in_work:
            decisions.append(_hold(view, "is being rebuilt and will be finished"))
        elif view.drained:
            decisions.append(Decision(view.name, Act.GIVE_BACK, "the rollout was cancelled", view.sessions))
        else:
            decisions.append(Decision(view.name, Act.SKIP, "the rollout was cancelled", view.sessions))
    ended = all(decision.act is Act.SKIP for decision in decisions)
    return Plan(
        tuple(decisions),
        None if ended else now + timedelta(seconds=policy.poll_seconds),
        becomes=RolloutState.CANCELLED if ended else None,
    )


def _holding(snapshot: Snapshot, policy: Policy, now: datetime, chooser: _Chooser) -> Plan:
    """Paused: hosts in work finish on their own, nothing is begun, drained or ended; the floor is kept."""
    held = tuple(
        _hold(view, "is being rebuilt and will be finished" if view.row.state.in_work else "the rollout is paused")
        for view in _in_order(snapshot)
    )
    # Still looked at: progress stays true, and a lost nudge of `resume` costs one poll.
    return Plan(chooser.with_floor_restored(held), now + timedelta(seconds=policy.poll_seconds))


class _Chooser:
    """Decides host by host, in order, spending one budget."""

    def __init__(self, snapshot: Snapshot, policy: Policy, now: datetime, sign_out_limit: timedelta) -> None:
        self.snapshot, self.policy, self.now = snapshot, policy, now
        self.settle = timedelta(seconds=policy.settle_seconds)
        self.sign_out_limit = sign_out_limit
        self.forcing = snapshot.forcing(now)
        self.budget: Budget = budget_for(snapshot, policy, now)
        self.canary = canary = canary_of(snapshot, policy)
        self.canary_slots = canary.open_slots
        # A canary that waits for its last user does not keep an idle host from being the canary instead.
        waiting = [view for view in snapshot.hosts if view.drained]
        self.canary_drains = canary.open_slots - sum(1 for view in waiting if self.forcing or view.sessions == 0)
        self.canary_busy_drains = canary.open_slots - len(waiting)

    def decide(self, view: HostView) -> Decision:
        """What to do with this host now."""
        if view.row.state.in_work:
            return _hold(view, view.row.step or "is being rebuilt")
        if view.drained:
            return self._drained(view)
        return self._pending(view)

    def _drained(self, view: HostView) -> Decision:
        if view.seen is None:
            return self._missing(view)
        if view.row.drained_at is None:
            return self._drain_again(view)
        if ready(view.row, self.settle, self.now):
            return self._take(view)
        if self.forcing and view.sessions:
            return self._sign_out(view)
        if view.sessions:
            until = self.snapshot.schedule.force_at.isoformat(timespec="seconds")
            return _hold(view, f"waits for {_people(view.sessions)} to log off, until {until}")
        return _hold(view, "is empty and settles")

    def _pending(self, view: HostView) -> Decision:
        if view.seen is None:
            return self._missing(view)
        if view.row.vm_missing:
            return Decision(view.name, Act.SKIP, "its VM does not exist: remove the session host from the host pool")
        if view.row.version == self.snapshot.target and not view.row.left_drained:
            return Decision(view.name, Act.SKIP, f"is already on {self.snapshot.target}", view.sessions)
        return self._drain(view, "is idle" if view.sessions == 0 else f"has {_people(view.sessions)}")

    def _missing(self, view: HostView) -> Decision:
        """Not in the list: never touched, since it may serve somebody else by now."""
        if gone(view.row, self.now):
            return Decision(view.name, Act.SKIP, "is no longer in the host pool")
        return _hold(view, "is missing from the host pool's list")

    def _take(self, view: HostView) -> Decision:
        if not self.canary.passed and self.canary_slots <= 0:
            return _hold(view, self._after_the_canary())
        if not self.budget.one_more_in_work():
            return _hold(view, f"waits: {self.budget.allowed_in_work} may be rebuilt at once")
        self.budget.in_work += 1
        self.canary_slots -= 1
        return Decision(view.name, Act.TAKE, "is drained and empty", view.sessions)

    def _sign_out(self, view: HostView) -> Decision:
        since, last = signing_out_since(view.row, self.policy, self.now), view.row.signed_out_last
        if since is None or last is None:
            return Decision(view.name, Act.SIGN_OUT, f"signs out {_people(view.sessions)}", view.sessions)
        if self.now < last + sign_out_wait(self.policy):
            return _hold(view, f"{_people(view.sessions)} being signed out")
        if self.now >= since + self.sign_out_limit:
            return Decision(view.name, Act.FAIL, f"{_people(view.sessions)} could not be signed out", view.sessions)
        return Decision(view.name, Act.SIGN_OUT, f"signs out {_people(view.sessions)} again", view.sessions)

    def _drain(self, view: HostView, why: str) -> Decision:
        idle = view.sessions == 0
        against = self._against_draining(view, idle=idle)
        if against:
            return _hold(view, f"{why}; {against}")
        if view.serving:
            self.budget.serving -= 1
        if idle or self.forcing:
            self.budget.unavailable += 1
            self.canary_drains -= 1
        self.canary_busy_drains -= 1
        return Decision(view.name, Act.DRAIN, why, view.sessions)

    def _drain_again(self, view: HostView) -> Decision:
        """A host that was chosen already but is not drained: Azure was busy, or somebody undrained it."""
        if view.serving and not self.budget.floor_allows():
            return _hold(view, f"accepts sessions again; {_hosts(self.budget.floor)} must")
        if view.serving:
            self.budget.serving -= 1
        return Decision(view.name, Act.DRAIN, "is to be drained", view.sessions)

    def _against_draining(self, view: HostView, *, idle: bool) -> str:
        """What forbids draining this host now; empty when nothing does."""
        stops_serving = idle or self.forcing
        if self.budget.allowed_in_work <= 0:
            return "nothing can be rebuilt: the version has no replica where the hosts are"
        if not self.canary.passed and (self.canary_drains if stops_serving else self.canary_busy_drains) <= 0:
            return self._after_the_canary()
        if stops_serving and not self.budget.one_more_unavailable():
            return f"{self.budget.allowed_unavailable} may be unavailable at once"
        if view.serving and not self.budget.floor_allows():
            return f"{_hosts(self.budget.floor)} must accept sessions and have room for those open now"
        return ""

    def _after_the_canary(self) -> str:
        first = "the first host has" if self.canary.hosts == 1 else f"the first {self.canary.hosts} hosts have"
        return f"waits until {first} proved good"

    def with_floor_restored(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        """Give drained hosts back, the busiest first, while too few hosts accept sessions (whatever the cause)."""
        if self.forcing:
            return decisions
        drained = {view.name: view for view in self.snapshot.hosts if view.drained and view.seen is not None}
        changed = list(decisions)
        for index in range(len(changed) - 1, -1, -1):
            if not self.budget.below_floor():
                break
            decision = changed[index]
            view = drained.get(decision.host)
            if view is None or decision.act is not Act.HOLD or view.row.operator_drained or view.row.was_off:
                continue
            why = f"only {_hosts(self.budget.serving)} accept sessions"
            changed[index] = Decision(decision.host, Act.GIVE_BACK, why, decision.sessions)
            self.budget.serving += 1
        return tuple(changed)


def _people(sessions: int) -> str:
    return "1 session" if sessions == 1 else f"{sessions} sessions"


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"
