"""The decision of one look: `plan(snapshot, policy, now) -> Plan`. Pure and total.

The same snapshot gives the same plan, in whatever order its hosts come. Hosts that are not taken get a
reason too, so that "why not yet?" always has an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.models.policy import OnFailure, Policy
from shared.planning.choose import Chooser, hold
from shared.planning.moments import next_look, warnings_due
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
    chooser = Chooser(snapshot, policy, now, sign_out_limit)
    if snapshot.state not in GOING_ON:
        return _holding(snapshot, policy, now, chooser)
    return _going_on(snapshot, policy, now, chooser)


def _going_on(snapshot: Snapshot, policy: Policy, now: datetime, chooser: Chooser) -> Plan:
    rows = (view.row for view in snapshot.hosts)
    warnings = warnings_due(rows, snapshot.sessions or (), policy, snapshot.schedule.force_at, now)
    look = next_look(snapshot, policy, now)
    if now < snapshot.schedule.begin_at:
        why = f"begins at {snapshot.schedule.begin_at.isoformat(timespec='seconds')}"
        return Plan(_before_begin(snapshot, why), look, warnings)
    stop = _too_many_failures(snapshot, policy)
    if stop:
        held = tuple(hold(view, "the rollout is paused") for view in _in_order(snapshot))
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
        Decision(view.name, Act.GIVE_BACK, why, view.sessions) if view.drained else hold(view, why)
        for view in _in_order(snapshot)
    )


def _in_order(snapshot: Snapshot) -> list[HostView]:
    """Hosts that are not through, in the order in which they are taken: idle ones first, then fewest sessions.

    Drained hosts come before others with as many sessions, since they already serve nobody new; ties go by name.
    """
    open_hosts = (view for view in snapshot.hosts if not view.row.state.ended)
    return sorted(open_hosts, key=lambda view: (view.sessions, not view.drained, view.name))


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
            decisions.append(hold(view, "is being rebuilt and will be finished"))
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


def _holding(snapshot: Snapshot, policy: Policy, now: datetime, chooser: Chooser) -> Plan:
    """Paused: hosts in work finish on their own, nothing is begun, drained or ended; the floor is kept."""
    held = tuple(
        hold(view, "is being rebuilt and will be finished" if view.row.state.in_work else "the rollout is paused")
        for view in _in_order(snapshot)
    )
    # Still looked at: progress stays true, and a lost nudge of `resume` costs one poll.
    return Plan(chooser.with_floor_restored(held), now + timedelta(seconds=policy.poll_seconds))
