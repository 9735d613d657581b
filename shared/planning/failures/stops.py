"""Whether failed hosts stop their rollout, and what it becomes then. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from textwrap import shorten

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.core.wording import counted
from shared.models.host_parts import FailureCause
from shared.models.messages import Message, message, quote
from shared.models.policy import OnFailure, Policy
from shared.models.rollouts import RolloutKind
from shared.planning.canary import Canary
from shared.planning.values import Decision, HostView, Plan, Snapshot

_ERROR_SHOWN = 300
"""How many characters of a host's error a rollout's note shows; the host's own row has the whole text."""

type Stop = Callable[[tuple[Decision, ...]], Plan]


def stop_after_failures(snapshot: Snapshot, policy: Policy, canary: Canary) -> Stop | None:
    """The rollout's next state because of failed hosts; None when it may go on."""
    failed = snapshot.counts[HostState.FAILED] - snapshot.failures_accepted
    if failed <= 0 or snapshot.rolling_back or all(view.row.state.ended for view in snapshot.hosts):
        return None  # nothing failed, or nothing is left to be stopped
    if not canary.passed and policy.canary_hosts:
        return _canary_failed(snapshot, policy, failed)
    if snapshot.unproven and (lost := _rebuilds_that_failed(snapshot)) > 0:
        return _proof_failed(snapshot, policy, lost)
    on_failure = OnFailure.PAUSE if snapshot.kind is RolloutKind.REFRESH else policy.on_failure
    if failed <= policy.failures_allowed(len(snapshot.hosts)) or on_failure is OnFailure.CONTINUE:
        return None
    text = f"{counted(failed, 'host')} failed, more than the policy allows{_last_failure(snapshot)}."
    if on_failure is OnFailure.ROLL_BACK:
        note = message(Code.FAILURES_ROLLED_BACK, f"{text} All hosts are rolled back.", count=failed)
        return becoming(RolloutState.ROLLING_BACK, note)
    ways = "resume or retry" if snapshot.kind is RolloutKind.REFRESH else "resume, retry, roll back or cancel"
    note = message(Code.HOSTS_FAILED, f"{text} Check the errors of the failed hosts, then {ways}.", count=failed)
    return becoming(RolloutState.PAUSED, note)


def _canary_failed(snapshot: Snapshot, policy: Policy, failed: int) -> Stop:
    """A canary host that fails stops the rollout: no other host is changed, whatever the policy allows later.

    It ends the rollout, unless the cause is outside of the version: then a retry can begin with the canary again.
    """
    text = f"{counted(failed, 'canary host')} failed{_last_failure(snapshot)}."
    if policy.on_failure is OnFailure.ROLL_BACK:
        note = message(Code.CANARY_ROLLED_BACK, f"{text} The canary hosts are rolled back.", count=failed)
        return becoming(RolloutState.ROLLING_BACK, note)
    text += " No other host is touched."
    if cause := _cause_outside(snapshot, failed):
        return becoming(RolloutState.PAUSED, message(Code.CANARY_BLOCKED, f"{text} {_REMEDIES[cause]}", count=failed))
    note = message(Code.CANARY_FAILED, f"{text} Publish a better version.", count=failed)
    return becoming(RolloutState.CANCELLING, note, ends_as=RolloutState.FAILED)


_REMEDIES = {
    FailureCause.CAPACITY: "This is a matter of Azure's capacity or quota, not of the version.",
    FailureCause.THROTTLED: "Azure was too busy; this says nothing about the version.",
    FailureCause.JOIN: "Its join failed: check the domain or Entra ID, the registration and the network.",
    FailureCause.REFUSED: "Azure refused it: remove the policy or lock, or grant the right.",
}
_REMEDIES = {cause: f"{text} Then retry: the same canary host comes first again." for cause, text in _REMEDIES.items()}
"""What a person does about a cause that another version would meet as well."""


def _cause_outside(snapshot: Snapshot, failed: int) -> FailureCause | None:
    """The cause outside of the version of the canary hosts that failed last; None when any has another one."""
    last = sorted(_failed_views(snapshot), key=_ended, reverse=True)[:failed]
    causes = [view.row.failed_by for view in last]
    outside = [cause for cause in causes if cause and cause.outside_version]
    return outside[0] if outside and len(outside) == len(causes) else None


def _failed_views(snapshot: Snapshot) -> list[HostView]:
    return [view for view in snapshot.hosts if view.row.state is HostState.FAILED]


def _ended(view: HostView) -> tuple[datetime, str]:
    return view.row.ended_at or datetime.min.replace(tzinfo=UTC), view.name


def _rebuilds_that_failed(snapshot: Snapshot) -> int:
    """Hosts that failed after their rebuild had begun, without those that somebody accepted when resuming."""
    failed = [view.row for view in _failed_views(snapshot)]
    untouched = sum(1 for row in failed if row.taken_at is None)
    return min(len(failed) - untouched, len(failed) - snapshot.failures_accepted)


def _proof_failed(snapshot: Snapshot, policy: Policy, failed: int) -> Stop:
    """The host that was to prove the update failed: a cause that all hosts share must not take the others too.

    It stops whatever `max_failed` and `on_failure: continue` allow later. Somebody who resumes it lets the next host
    try.
    """
    text = f"{counted(failed, 'host')} failed before any host was back in service{_last_failure(snapshot)}."
    if policy.on_failure is OnFailure.ROLL_BACK:
        note = message(Code.FAILURES_ROLLED_BACK, f"{text} All hosts are rolled back.", count=failed)
        return becoming(RolloutState.ROLLING_BACK, note)
    text += " No other host is touched. Remove the cause, then retry or resume; or roll back or cancel."
    return becoming(RolloutState.PAUSED, message(Code.PROOF_FAILED, text, count=failed))


def _last_failure(snapshot: Snapshot) -> str:
    """The host that failed last, and its error."""
    last = max(_failed_views(snapshot), key=_ended)
    error = shorten(last.row.error or "no error is known", _ERROR_SHOWN, placeholder="…")
    return f"; last {last.name}: {quote(error)}"


def becoming(state: RolloutState, note: Message, *, ends_as: RolloutState | None = None) -> Stop:
    """The rollout enters this state, with this note; the given decisions hold."""
    return lambda held: Plan(held, None, becomes=state, note=note, ends_as=ends_as)
