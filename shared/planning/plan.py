"""The decision of one reconcile pass: `plan(snapshot, policy, now) -> Plan`. Pure and total.

The same snapshot gives the same plan, whatever the order of its hosts. Hosts that are not chosen get a reason too, so
that "why not yet?" always has an answer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.core.wording import counted, duration_text
from shared.models.messages import Message, message
from shared.models.policy import Policy
from shared.models.rollouts import RolloutKind
from shared.planning.budget import floor_restored
from shared.planning.decide import HostDecider, wait
from shared.planning.failures.stops import becoming, stop_after_failures
from shared.planning.people.deadlines import others_deadline, passed_deadline, rescheduled_deadline
from shared.planning.people.notices import WARNING_FIRST
from shared.planning.people.telling import with_notices
from shared.planning.people.undrained import note_of
from shared.planning.timing import next_pass_due, time_to_start
from shared.planning.values import Action, Decision, HostView, Limits, Plan, Snapshot
from shared.planning.windows import room_at

_STOPPING = message(Code.STOPPING, "the rollout stops")
_FINISHING = message(Code.IN_WORK, "is being rebuilt and will be finished")
_NEEDS_APPROVAL = message(Code.WAITS_FOR_APPROVAL, "waits for approval")
_DEADLINE_MOVED = message(
    Code.DEADLINE_MOVED, "The deadline passed before sessions could be signed out, so users are warned again first."
)
_CANARY_PASSED = message(
    Code.CANARY_PASSED, "The canary hosts passed their checks. Approve, roll back or cancel the rollout."
)

IN_PROGRESS = frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING, RolloutState.ROLLING_BACK})
"""States in which a pass may start something."""


def plan(snapshot: Snapshot, policy: Policy, now: datetime, *, limits: Limits) -> Plan:
    """Decide what to do now with each unfinished host, when the next pass is due, and the rollout's next state."""
    if snapshot.state.ended:
        return Plan((), None)
    decider = HostDecider(snapshot, policy, now, limits.sign_out)
    forward = not snapshot.rolling_back and snapshot.kind is not RolloutKind.REFRESH
    passed = forward and decider.canary.passed and decider.canary.proved > 0
    later = others_deadline(snapshot, policy, decider.canary, now)
    if later or passed is not snapshot.canary_passed:  # what these decide about holds from this pass on
        schedule = snapshot.schedule.replace(others_force_at=later or snapshot.schedule.others_force_at)
        snapshot = replace(snapshot, schedule=schedule, canary_passed=passed)
        decider = HostDecider(snapshot, policy, now, limits.sign_out)
    decided = _plan(snapshot, policy, now, limits, decider)
    decided = replace(decided, canary_passed=passed, others_force_at=decided.others_force_at or later)
    return with_notices(decided, snapshot, policy, now, decider.candidates)


def _plan(snapshot: Snapshot, policy: Policy, now: datetime, limits: Limits, decider: HostDecider) -> Plan:
    if snapshot.state is RolloutState.CANCELLING:
        return _cancelling(snapshot, policy, now)
    if snapshot.state is RolloutState.AWAITING_APPROVAL:
        return _awaiting(snapshot, policy, now, decider, limits)
    if snapshot.state not in IN_PROGRESS:
        what = "refresh" if snapshot.kind is RolloutKind.REFRESH else "rollout"
        return _standing_still(snapshot, policy, now, message(Code.PAUSED, f"the {what} is paused"))
    return _in_progress(snapshot, policy, now, decider)


def _in_progress(snapshot: Snapshot, policy: Policy, now: datetime, decider: HostDecider) -> Plan:
    next_pass = next_pass_due(snapshot, policy, now)
    blocked_reason = _why_not_yet(snapshot, policy, now)
    if blocked_reason:
        decisions, note = _before_begin(snapshot, blocked_reason), snapshot.blocked_reason
        return Plan(decisions, next_pass, note=note, stands_still=True)
    stop = stop_after_failures(snapshot, policy, decider.canary)
    if stop:
        return stop(_with_waiting_hosts(snapshot, _STOPPING))
    if later := rescheduled_deadline(snapshot, policy, now):
        held = Plan(_with_waiting_hosts(snapshot, WARNING_FIRST), now, note=_DEADLINE_MOVED)
        of_all = passed_deadline(snapshot) == snapshot.schedule.force_at
        return replace(held, force_at=later) if of_all else replace(held, others_force_at=later)
    decisions = tuple(decider.decide(view) for view in _in_order(snapshot))
    decisions = floor_restored(decider.budget, snapshot, decisions)
    becomes, note = _end(snapshot, decisions)
    if becomes is None and snapshot.state is RolloutState.SCHEDULED:
        becomes = RolloutState.RUNNING  # even if its hosts are further than its row says
    elif becomes is None and decider.canary.hosts and decider.canary.all_proved and decider.canary.held:
        waiting = _with_waiting_hosts(snapshot, _NEEDS_APPROVAL)
        return Plan(waiting, next_pass, becomes=RolloutState.AWAITING_APPROVAL, note=_CANARY_PASSED)
    return Plan(
        decisions,
        None if becomes and becomes.ended else next_pass,
        becomes=becomes,
        note=note or note_of(decisions),
        forcing=snapshot.forcing(now),
        short_of_writes=decider.short_of_writes,
    )


def _why_not_yet(snapshot: Snapshot, policy: Policy, now: datetime) -> Message | None:
    """Why no host may be started now; None when hosts may be started. A roll-back never waits."""
    if snapshot.rolling_back:
        return None
    if snapshot.blocked_reason:
        return snapshot.blocked_reason
    if now < snapshot.schedule.begin_at:
        return message(Code.BEGINS_LATER, "waits for the start of the rollout", at=snapshot.schedule.begin_at)
    if not time_to_start(snapshot, policy, now):
        opens = room_at(policy.windows, snapshot.zone, now, snapshot.host_time)
        return message(Code.WAITS_FOR_WINDOW, "waits for the maintenance window", at=opens)
    return None


def _before_begin(snapshot: Snapshot, reason: Message) -> tuple[Decision, ...]:
    """Start nothing, and undrain drained hosts, because they would only stand empty."""
    return tuple(_undrain_all(snapshot, view, reason) for view in _in_order(snapshot))


def _undrain_all(snapshot: Snapshot, view: HostView, reason: Message) -> Decision:
    if not view.drained:
        return _kept_drained(view, reason)
    if not view.row.drained_by_earlier_failure:
        return Decision(view.name, Action.UNDRAIN, reason, view.sessions)
    if snapshot.kind is not RolloutKind.REFRESH:
        return _kept_drained(view, reason)  # users must not get a host that failed
    # The same applies to a refresh, but a rollout of the pool waits for every host that the refresh holds: end it.
    return Decision(view.name, Action.FAIL, _stays_drained(reason))


def _kept_drained(view: HostView, reason: Message) -> Decision:
    return wait(view, _FINISHING if view.row.state.in_work else reason)


def _stays_drained(reason: Message) -> Message:
    text = f"{reason.text}; stays drained because an earlier attempt failed on it"
    return reason.model_copy(update={"code": Code.LEFT_DRAINED.value, "text": text})


def _with_waiting_hosts(snapshot: Snapshot, reason: Message) -> tuple[Decision, ...]:
    return tuple(_kept_drained(view, reason) for view in _in_order(snapshot))


def _in_order(snapshot: Snapshot) -> list[HostView]:
    """Hosts that have not ended, in the order in which they are chosen: idle hosts first, then fewest sessions.

    Of hosts with as many sessions, a canary host that is retried comes first, then drained ones, since they already
    serve nobody new; ties go by name.
    """
    open_hosts = (view for view in snapshot.hosts if not view.row.state.ended)
    return sorted(open_hosts, key=lambda view: (view.sessions, not view.row.canary, not view.drained, view.name))


def _end(snapshot: Snapshot, decisions: tuple[Decision, ...]) -> tuple[RolloutState | None, Message | None]:
    """The end of the rollout, once every host has ended."""
    if snapshot.kind is RolloutKind.REFRESH or any(decision.act is not Action.SKIP for decision in decisions):
        return None, None
    failed = snapshot.counts[HostState.FAILED]
    if failed:
        share = f"{failed} of {counted(len(snapshot.hosts), 'host')}"
        if snapshot.rolling_back:
            note = message(Code.HOSTS_NOT_ROLLED_BACK, f"{share} could not be rolled back.", count=failed)
        else:
            note = message(Code.HOSTS_FAILED, f"{share} failed.", count=failed)
        return RolloutState.FAILED, note
    return (RolloutState.ROLLED_BACK if snapshot.rolling_back else RolloutState.SUCCEEDED), None


def _cancelling(snapshot: Snapshot, policy: Policy, now: datetime) -> Plan:
    """Hosts in work finish, drained hosts are undrained, the others stay as they are."""
    reason = _why_cancelling(snapshot)
    decisions = []
    for view in _in_order(snapshot):
        if view.row.state.in_work:
            decisions.append(wait(view, _FINISHING))
        elif view.row.removed_from_pool:
            text = f"{reason.text}; out of the host pool since a failed attempt"
            decisions.append(Decision(view.name, Action.FAIL, message(Code.OUT_OF_POOL, text)))
        elif view.row.drained_by_earlier_failure:  # not for users: its image has not passed the checks
            decisions.append(Decision(view.name, Action.FAIL, _stays_drained(reason), view.sessions))
        elif view.drained:
            decisions.append(Decision(view.name, Action.UNDRAIN, reason, view.sessions))
        else:
            decisions.append(Decision(view.name, Action.SKIP, reason, view.sessions))
    ended = all(decision.act is Action.SKIP for decision in decisions)
    return Plan(
        tuple(decisions),
        None if ended else now + timedelta(seconds=policy.poll_seconds),
        becomes=snapshot.ends_as if ended else None,
    )


def _why_cancelling(snapshot: Snapshot) -> Message:
    if snapshot.kind is RolloutKind.REFRESH:
        return message(Code.REFRESH_OFF, "hosts of this pool are not refreshed any more")
    if snapshot.ends_as is RolloutState.FAILED:
        return message(Code.CANARY_FAILED, "the rollout failed on its canary hosts")
    return message(Code.ROLLOUT_CANCELLED, "the rollout was cancelled")


def _awaiting(snapshot: Snapshot, policy: Policy, now: datetime, decider: HostDecider, limits: Limits) -> Plan:
    """The canary hosts passed: a person decides within the limit. A canary that fails later stops the rollout."""
    stop = stop_after_failures(snapshot, policy, decider.canary)
    if stop is None and snapshot.awaiting_since and now >= snapshot.awaiting_since + limits.approval:
        limit = duration_text(limits.approval)
        drained = "" if snapshot.awaits_second else " Its canary hosts stay drained."
        text = f"Nobody approved within {limit}, so the rollout ended.{drained}"
        stop = becoming(RolloutState.CANCELLING, message(Code.APPROVAL_EXPIRED, text), ends_as=RolloutState.FAILED)
    if stop:
        return stop(_with_waiting_hosts(snapshot, _STOPPING))
    return _standing_still(snapshot, policy, now, _NEEDS_APPROVAL)


def _standing_still(snapshot: Snapshot, policy: Policy, now: datetime, reason: Message) -> Plan:
    """Hosts in work finish, nothing is started, and drained hosts are undrained, since this may last for days.

    Passes continue: progress stays correct, and a lost signal of `resume` or `approve` costs one poll.
    """
    next_pass = now + timedelta(seconds=policy.poll_seconds)
    return Plan(_before_begin(snapshot, reason), next_pass, stands_still=True)
