"""The decision of one look: `plan(snapshot, policy, now) -> Plan`. Pure and total.

The same snapshot gives the same plan, in whatever order its hosts come. Hosts that are not taken get a
reason too, so that "why not yet?" always has an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from textwrap import shorten

from shared.core.states import HostState, RolloutState
from shared.core.wording import counted, duration_text
from shared.models.policy import OnFailure, Policy
from shared.models.rollouts import RolloutKind
from shared.planning.decide import HostDecider, wait
from shared.planning.timing import next_pass_due, rescheduled_deadline, time_to_start, warnings_due
from shared.planning.values import Action, Decision, HostView, Limits, Plan, SessionWarning, Snapshot
from shared.planning.windows import room_at

IN_PROGRESS = frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING, RolloutState.ROLLING_BACK})
"""States in which a look begins something."""

_ERROR_SHOWN = 300
"""Characters of a host's error that a rollout's note takes over; the host's own row has all of it."""


def plan(snapshot: Snapshot, policy: Policy, now: datetime, *, limits: Limits) -> Plan:
    """What to do now with each host that is not through, when to look again, and what the rollout becomes."""
    if snapshot.state.ended:
        return Plan((), None)
    chooser = HostDecider(snapshot, policy, now, limits.sign_out)
    forward = not snapshot.rolling_back and snapshot.kind is not RolloutKind.REFRESH
    passed = forward and chooser.canary.passed and chooser.canary.proved > 0
    return replace(_plan(snapshot, policy, now, limits, chooser), canary_passed=passed)


def _plan(snapshot: Snapshot, policy: Policy, now: datetime, limits: Limits, chooser: HostDecider) -> Plan:
    if snapshot.state is RolloutState.CANCELLING:
        return _cancelling(snapshot, policy, now)
    if snapshot.state is RolloutState.AWAITING_APPROVAL:
        return _awaiting(snapshot, policy, now, chooser, limits)
    if snapshot.state not in IN_PROGRESS:
        what = "refresh" if snapshot.kind is RolloutKind.REFRESH else "rollout"
        return _standing_still(snapshot, policy, now, f"the {what} is paused")
    return _in_progress(snapshot, policy, now, chooser)


def _in_progress(snapshot: Snapshot, policy: Policy, now: datetime, chooser: HostDecider) -> Plan:
    look = next_pass_due(snapshot, policy, now)
    blocked_reason = _why_not_yet(snapshot, policy, now)
    warnings = _warnings(snapshot, policy, now)
    if blocked_reason:
        return Plan(_before_begin(snapshot, blocked_reason), look, warnings, note=snapshot.blocked_reason)
    stop = _stop(snapshot, policy, chooser)
    if stop:
        return stop(_with_waiting_hosts(snapshot, "the rollout stops"))
    if later := rescheduled_deadline(snapshot, policy, now):
        note = "Its moment had passed before sessions could be ended, so people are warned anew first."
        return Plan(
            _with_waiting_hosts(snapshot, "waits until people have been warned"), now, force_at=later, note=note
        )
    decisions = tuple(chooser.decide(view) for view in _in_order(snapshot))
    decisions = chooser.with_floor_restored(decisions)
    becomes, note = _end(snapshot, decisions)
    if becomes is None and snapshot.state is RolloutState.SCHEDULED:
        becomes = RolloutState.RUNNING  # also when more has come of it already than was written
    elif becomes is None and chooser.canary.hosts and chooser.canary.all_proved and chooser.canary.held:
        text = "The first hosts have proved good. Approve, roll back or cancel."
        return Plan(
            _with_waiting_hosts(snapshot, "waits for approval"), look, becomes=RolloutState.AWAITING_APPROVAL, note=text
        )
    return Plan(
        decisions,
        None if becomes and becomes.ended else look,
        warnings,
        becomes=becomes,
        note=note,
        forcing=snapshot.forcing(now),
        short_of_writes=chooser.short_of_writes,
    )


def _warnings(snapshot: Snapshot, policy: Policy, now: datetime) -> tuple[SessionWarning, ...]:
    rows = (view.row for view in snapshot.hosts if view.row.rolling_back or not snapshot.rolling_back)
    return warnings_due(rows, snapshot.sessions or (), policy, snapshot.schedule.force_at, now)


def _why_not_yet(snapshot: Snapshot, policy: Policy, now: datetime) -> str:
    """Why nothing may be begun now whatever the hosts are like; empty when it may. Going back waits for neither."""
    if snapshot.rolling_back:
        return ""
    if snapshot.blocked_reason:
        return snapshot.blocked_reason
    if now < snapshot.schedule.begin_at:
        return f"begins at {snapshot.schedule.begin_at.isoformat(timespec='seconds')}"
    if not time_to_start(snapshot, policy, now):
        opens = room_at(policy.windows, snapshot.zone, now, snapshot.host_time)
        return f"waits for the window: hosts are begun from {opens.isoformat(timespec='seconds')}"
    return ""


def _before_begin(snapshot: Snapshot, reason: str) -> tuple[Decision, ...]:
    """Nothing is begun; what was drained before is given back, since it would only stand empty."""
    return tuple(_undrain_all(snapshot, view, reason) for view in _in_order(snapshot))


def _undrain_all(snapshot: Snapshot, view: HostView, reason: str) -> Decision:
    if not view.drained:
        return _kept_drained(view, reason)
    if not view.row.drained_by_earlier_failure:
        return Decision(view.name, Action.UNDRAIN, reason, view.sessions)
    if snapshot.kind is not RolloutKind.REFRESH:
        return _kept_drained(view, reason)  # one that had failed is not for the users
    # Nor is it here; but a rollout of the pool waits for all that the refresh has in hand.
    return Decision(view.name, Action.FAIL, f"stays drained, since an earlier attempt had failed on it, and {reason}")


def _kept_drained(view: HostView, reason: str) -> Decision:
    return wait(view, "is being rebuilt and will be finished" if view.row.state.in_work else reason)


def _with_waiting_hosts(snapshot: Snapshot, reason: str) -> tuple[Decision, ...]:
    return tuple(_kept_drained(view, reason) for view in _in_order(snapshot))


def _in_order(snapshot: Snapshot) -> list[HostView]:
    """Hosts that are not through, in the order in which they are taken: idle ones first, then fewest sessions.

    Drained hosts come before others with as many sessions, since they already serve nobody new; ties go by name.
    """
    open_hosts = (view for view in snapshot.hosts if not view.row.state.ended)
    return sorted(open_hosts, key=lambda view: (view.sessions, not view.drained, view.name))


type Stop = Callable[[tuple[Decision, ...]], Plan]


def _stop(snapshot: Snapshot, policy: Policy, chooser: HostDecider) -> Stop | None:
    """What the rollout becomes because of failed hosts; None when it may go on."""
    failed = snapshot.counts[HostState.FAILED] - snapshot.failures_accepted
    if failed <= 0 or snapshot.rolling_back or all(view.row.state.ended for view in snapshot.hosts):
        return None  # nothing failed, or nothing is left to be stopped
    if not chooser.canary.passed and policy.canary_hosts:
        return _canary_failed(snapshot, policy, failed)
    on_failure = OnFailure.PAUSE if snapshot.kind is RolloutKind.REFRESH else policy.on_failure
    if failed <= policy.failures_allowed(len(snapshot.hosts)) or on_failure is OnFailure.CONTINUE:
        return None
    note = f"{counted(failed, 'host')} failed, more than the policy allows{_last_failure(snapshot)}."
    if on_failure is OnFailure.ROLL_BACK:
        return _becoming(RolloutState.ROLLING_BACK, f"{note} All go back to what they were.")
    ways = "resume or retry" if snapshot.kind is RolloutKind.REFRESH else "resume, retry, roll back or cancel"
    return _becoming(RolloutState.PAUSED, f"{note} Look at their errors, then {ways}.")


def _canary_failed(snapshot: Snapshot, policy: Policy, failed: int) -> Stop:
    """A first host that fails ends the rollout: no other host is touched, whatever the policy says of later ones."""
    text = f"{failed} of the first hosts failed{_last_failure(snapshot)}."
    if policy.on_failure is OnFailure.ROLL_BACK:
        return _becoming(RolloutState.ROLLING_BACK, f"{text} They go back to what they were.")
    text += " No other is touched. Publish a better version."
    return _becoming(RolloutState.CANCELLING, text, ends_as=RolloutState.FAILED)


def _last_failure(snapshot: Snapshot) -> str:
    """Which host failed last and of what, so that one need not look for it."""
    failed = [view for view in snapshot.hosts if view.row.state is HostState.FAILED]
    last = max(failed, key=lambda view: (view.row.ended_at or datetime.min.replace(tzinfo=UTC), view.name))
    error = shorten(last.row.error or "no error is known", _ERROR_SHOWN, placeholder="…").rstrip(".")
    return f", last {last.name}: {error}"


def _becoming(state: RolloutState, note: str, *, ends_as: RolloutState | None = None) -> Stop:
    return lambda held: Plan(held, None, becomes=state, note=note, ends_as=ends_as)


def _end(snapshot: Snapshot, decisions: tuple[Decision, ...]) -> tuple[RolloutState | None, str]:
    """The end this look comes to, once no host is left to do anything with."""
    if snapshot.kind is RolloutKind.REFRESH or any(decision.act is not Action.SKIP for decision in decisions):
        return None, ""
    failed = snapshot.counts[HostState.FAILED]
    if failed:
        what = "could not be brought back" if snapshot.rolling_back else "failed"
        return RolloutState.FAILED, f"{failed} of {counted(len(snapshot.hosts), 'host')} {what}."
    return (RolloutState.ROLLED_BACK if snapshot.rolling_back else RolloutState.SUCCEEDED), ""


def _cancelling(snapshot: Snapshot, policy: Policy, now: datetime) -> Plan:
    """Hosts in work finish, drained ones are given back, the rest stay as they are."""
    failing = snapshot.ends_as is RolloutState.FAILED
    reason = "the rollout had failed on its first hosts" if failing else "the rollout was cancelled"
    if snapshot.kind is RolloutKind.REFRESH:
        reason = "hosts of this pool are not refreshed any more"
    decisions = []
    for view in _in_order(snapshot):
        if view.row.state.in_work:
            decisions.append(wait(view, "is being rebuilt and will be finished"))
        elif view.row.removed_from_pool:
            text = f"is out of the host pool since an attempt that failed, and {reason}"
            decisions.append(Decision(view.name, Action.FAIL, text))
        elif view.row.drained_by_earlier_failure:  # never for the users: what it is on has not proved good
            text = f"stays drained, since an earlier attempt had failed on it, and {reason}"
            decisions.append(Decision(view.name, Action.FAIL, text, view.sessions))
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


def _awaiting(snapshot: Snapshot, policy: Policy, now: datetime, chooser: HostDecider, limits: Limits) -> Plan:
    """The first hosts have proved good: a person decides, within the limit. One that turns bad decides too."""
    stop = _stop(snapshot, policy, chooser)
    if stop is None and snapshot.awaiting_since and now >= snapshot.awaiting_since + limits.approval:
        limit = duration_text(limits.approval)
        text = f"Nobody approved within {limit}, so it has ended. Its first hosts stay out of rotation."
        stop = _becoming(RolloutState.CANCELLING, text, ends_as=RolloutState.FAILED)
    if stop:
        return stop(_with_waiting_hosts(snapshot, "the rollout stops"))
    return _standing_still(snapshot, policy, now, "waits for approval")


def _standing_still(snapshot: Snapshot, policy: Policy, now: datetime, reason: str) -> Plan:
    """Hosts in work finish on their own, nothing is begun; what is drained is given back, since this may last for days.

    Still looked at: progress stays true, and a lost signal of `resume` or `approve` costs one poll.
    """
    return Plan(_before_begin(snapshot, reason), now + timedelta(seconds=policy.poll_seconds))
