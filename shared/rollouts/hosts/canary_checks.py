"""The checks of canary hosts, which stay drained meanwhile: probe, bake time, health, approval."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from shared.core.codes import Code
from shared.core.errors import OperationFailed
from shared.core.states import RolloutState
from shared.core.steps import NextAction, StepResult
from shared.models.azure import HEALTHY_STATUSES, SessionHost
from shared.models.messages import message
from shared.models.policy import CanaryHold
from shared.rollouts.hosts.context import GivenUp, HostContext
from shared.workflow.waiting import run_operation

UNHEALTHY_FOR = timedelta(minutes=5)
"""How long a baking host may be unhealthy: an agent that updates itself is briefly unavailable."""
_WATCHED = message(Code.WATCHED, "is watched before it gets users")
_CHECKS_PASSED = message(Code.CHECKS_PASSED, "passed its checks")


def needs_canary_checks(context: HostContext) -> bool:
    """Whether other hosts wait for this one: then it gets no users before it passed its checks."""
    return context.row.canary and not context.row.rolling_back


def stay_out_of_service(context: HostContext) -> SessionHost | None:
    """The host as the broker sees it now, drained. A new registration accepts sessions at once, so this polls often."""
    services, pool, host = context.services, context.pool, context.row.host
    seen = services.host_pools.session_host(pool.host_pool_id, host)
    if seen is not None and seen.accepting:
        services.host_pools.set_accepting(pool.host_pool_id, host, accepting=False)
    return seen


def probe_host(context: HostContext) -> StepResult:
    """Run the pool's probe on a canary host. Its result is final: re-imaging the same version would not change it."""
    name, probe = context.rollout.policy.probe, context.rollout.probe
    if name is None or not needs_canary_checks(context):
        return StepResult(NextAction.NEXT)
    _stop_if_over(context)
    if probe.name != name:
        raise GivenUp(f"the rollout has no script for its probe {name}: cancel it, and request another one")
    stay_out_of_service(context)
    vms, row = context.services.vms, context.row
    tag = context.attempt_tag
    start = partial(vms.start_probe, row.vm_id, row.location, probe.script, probe.timeout_minutes, tag)
    try:
        return run_operation(context, vms.resume, start)
    except OperationFailed as failed:
        raise GivenUp(f"probe {probe.name} failed: {failed.message}") from failed


def bake_host(context: HostContext) -> StepResult:
    """Watch a canary host for `bake_minutes`, and until approval if the policy requires it."""
    if not needs_canary_checks(context):
        return StepResult(NextAction.NEXT)
    _stop_if_over(context)
    row, policy, now = context.row, context.rollout.policy, context.services.now()
    if row.check.proving_since is None:
        context.note(check=row.check.replace(proving_since=now), reason=_WATCHED)
    healthy = _check_health(context, stay_out_of_service(context))
    ends = (context.row.check.proving_since or now) + timedelta(minutes=policy.bake_minutes)
    if healthy and now >= ends and context.row.check.proved_at is None:
        context.note(check=context.row.check.replace(proved_at=now), reason=_CHECKS_PASSED)
    held = policy.canary_hold is CanaryHold.APPROVE and context.rollout.approval.at is None
    if context.row.check.proved_at and healthy and not held:
        return StepResult(NextAction.NEXT)
    wait = float(policy.poll_seconds)
    return StepResult(NextAction.WAIT, min(wait, max(1.0, (ends - now).total_seconds())) if now < ends else wait)


def _check_health(context: HostContext, seen: SessionHost | None) -> bool:
    """Whether the host is healthy. Raises GivenUp when it has not been for too long."""
    now, check = context.services.now(), context.row.check
    if seen is not None and seen.status in HEALTHY_STATUSES:
        if check.unhealthy_since:
            context.note(check=check.replace(unhealthy_since=None), reason=_WATCHED)
        return True
    status = seen.status if seen else "out of the host pool"
    since = check.unhealthy_since or now
    if now >= since + UNHEALTHY_FOR:
        raise GivenUp(f"it became {status} while it was watched")
    if check.unhealthy_since is None:
        reason = message(Code.NOT_HEALTHY, f"is not healthy: {status}")
        context.note(check=check.replace(unhealthy_since=since), reason=reason)
    return False


def _stop_if_over(context: HostContext) -> None:
    """A rollout that stops must not give unchecked hosts to users. Raises GivenUp."""
    rollout, row = context.rollout, context.row
    if rollout.rolling_back:
        raise GivenUp("the rollout is being rolled back")
    approved = rollout.policy.canary_hold is CanaryHold.AUTO or rollout.approval.at is not None
    if rollout.state is RolloutState.CANCELLING and not (row.check.proved_at and approved):
        unapproved = "passed its checks, but the rollout was not approved"
        reason = unapproved if row.check.proved_at else "had not passed its checks"
        raise GivenUp(f"{reason} when the rollout was stopped; it stays drained: retry it, or update it again")
