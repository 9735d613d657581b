"""Proving the first hosts of a rollout, kept out of rotation: a probe's exit code, time, health, a person."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from shared.core.errors import OperationFailed
from shared.core.states import RolloutState
from shared.core.steps import Outcome, Then
from shared.models.azure import HEALTHY_STATUSES, SessionHost
from shared.models.policy import CanaryHold
from shared.rollouts.hosts.context import GivenUp, Work
from shared.workflow.waiting import settle

UNHEALTHY_FOR = timedelta(minutes=5)
"""So long a baking host may be unhealthy: an agent that updates itself is away for a moment."""
_WATCHED = "is watched before it gets users"


def to_be_proved(work: Work) -> bool:
    """Whether others wait on this host: then nobody gets onto it before it has proved good."""
    return work.row.canary and not work.row.back


def keep_out(work: Work) -> SessionHost | None:
    """The host as the broker sees it now, drained. A registration accepts sessions at once, so this looks often."""
    services, pool, host = work.services, work.pool, work.row.host
    seen = services.desktops.session_host(pool.host_pool_id, host)
    if seen is not None and seen.accepting:
        services.desktops.set_accepting(pool.host_pool_id, host, accepting=False)
    return seen


def probe_host(work: Work) -> Outcome:
    """Run the pool's probe on a first host. Its verdict is final: re-imaging the same image would not change it."""
    probe = work.rollout.policy.probe
    if probe is None or not to_be_proved(work):
        return Outcome(Then.NEXT)
    _stop_if_over(work)
    keep_out(work)
    machines, row = work.services.machines, work.row
    tag = work.attempt_tag
    start = partial(machines.start_probe, row.vm_id, row.location, probe.script, probe.timeout_minutes, tag)
    try:
        return settle(work, machines.resume, start)
    except OperationFailed as failed:
        raise GivenUp(f"probe {probe.name} failed: {failed.message}") from failed


def bake_host(work: Work) -> Outcome:
    """Watch a first host for `bake_minutes`, and until somebody approves if the policy says so."""
    if not to_be_proved(work):
        return Outcome(Then.NEXT)
    _stop_if_over(work)
    row, policy, now = work.row, work.rollout.policy, work.services.now()
    if row.proving_since is None:
        work.note(proving_since=now, reason=_WATCHED)
    healthy = _check_health(work, keep_out(work))
    ends = (work.row.proving_since or now) + timedelta(minutes=policy.bake_minutes)
    if healthy and now >= ends and work.row.proved_at is None:
        work.note(proved_at=now, reason="has proved good")
    held = policy.canary_hold is CanaryHold.APPROVE and work.rollout.approved_at is None
    if work.row.proved_at and healthy and not held:
        return Outcome(Then.NEXT)
    wait = float(policy.poll_seconds)
    return Outcome(Then.WAIT, min(wait, max(1.0, (ends - now).total_seconds())) if now < ends else wait)


def _check_health(work: Work, seen: SessionHost | None) -> bool:
    """Whether the host is healthy. Raises GivenUp when it has not been for too long."""
    now = work.services.now()
    if seen is not None and seen.status in HEALTHY_STATUSES:
        if work.row.unhealthy_since:
            work.note(unhealthy_since=None, reason=_WATCHED)
        return True
    status = seen.status if seen else "out of the host pool"
    since = work.row.unhealthy_since or now
    if now >= since + UNHEALTHY_FOR:
        raise GivenUp(f"it became {status} while it was watched")
    if work.row.unhealthy_since is None:
        work.note(unhealthy_since=since, reason=status)
    return False


def _stop_if_over(work: Work) -> None:
    """A rollout that stops leaves no unproved host to the users. Raises GivenUp."""
    rollout, row = work.rollout, work.row
    if rollout.going_back:
        raise GivenUp("the rollout goes back before it was through")
    approved = rollout.policy.canary_hold is CanaryHold.AUTO or rollout.approved_at is not None
    if rollout.state is RolloutState.CANCELLING and not (row.proved_at and approved):
        why = "it has proved good, but nobody had approved it" if row.proved_at else "it had not proved good"
        raise GivenUp(f"{why} when the rollout was stopped; it stays drained: retry, or update it anew")
