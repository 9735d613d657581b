"""Returning a rebuilt host to service: join, register, wait until healthy, restore its original state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pydantic import SecretStr

from shared.core.codes import Code
from shared.core.errors import OperationFailed
from shared.core.names import SWAP, token_mark
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult
from shared.models.azure import HEALTHY_STATUSES, Operation, OperationKind, SessionHost
from shared.models.messages import message
from shared.models.pools import DomainJoin, ProfileJoin
from shared.models.rollouts import RolloutKind
from shared.planning.freshness import used_before_finished
from shared.rollouts.hosts import actions
from shared.rollouts.hosts.canary_checks import needs_canary_checks, stay_out_of_service
from shared.rollouts.hosts.causes import token_rejected
from shared.rollouts.hosts.context import AT_ONCE, HostContext, poll_operation
from shared.rollouts.hosts.joining import explain_failure, join_now
from shared.rollouts.hosts.recheck import recheck_if_rolled_back
from shared.workflow.waiting import StepFailed, operation_finished, still_awaited

_NOT_REGISTERED = message(Code.NOT_REGISTERED, "has not registered yet")

POLLS_OFTEN = 5.0
"""Seconds between two polls for a registration that must be drained before it is healthy."""


def join_host(context: HostContext) -> StepResult:
    """Join the new VM to its domain or to Entra ID, by VM extension."""
    if context.row.rebuild.join_error:
        return explain_failure(context)
    if context.row.operation is not None:
        return _join_polled(context, None)
    if again := recheck_if_rolled_back(context):
        return again
    join = join_now(context)
    password: SecretStr | None = None
    if isinstance(join, DomainJoin):
        secret = context.services.settings.secrets.get(join.password_setting)
        if not secret:
            raise StepFailed(f"the app setting {join.password_setting} is not set")
        password = SecretStr(secret)
    # The tag belongs to the attempt: a repeated call within it does not run the extension twice.
    vms, row = context.services.vms, context.row
    start = partial(vms.start_join, row.vm_id, row.location, join, password, context.attempt_tag)
    return _join_polled(context, start)


def _join_polled(context: HostContext, start: Callable[[], Operation] | None) -> StepResult:
    """The answer; of a domain join that failed, the extension says little, so its cause is read in the VM."""
    try:
        return poll_operation(context, start() if start else None) or StepResult(NextAction.NEXT)
    except OperationFailed as failed:
        if not isinstance(context.pool.join, ProfileJoin):
            raise
        context.note_rebuild(join_error=str(failed))
        return StepResult(NextAction.WAIT, AT_ONCE)


def register_host(context: HostContext) -> StepResult:
    """Install the AVD agent and register the host. The token is read here and never leaves this function."""
    if context.row.operation is not None:
        if needs_canary_checks(context):
            stay_out_of_service(context)
        elif _is_back(context):
            operation_finished(context)
        elif context.row.rebuild.strategy != SWAP:
            still_awaited(context)
        return _with_new_token_if_rejected(context, lambda: poll_operation(context))
    return _with_new_token_if_rejected(context, lambda: _start_registration(context))


def _start_registration(context: HostContext) -> StepResult | None:
    row, pool_id = context.row, context.pool.host_pool_id
    token = context.services.host_pools.registration_token(pool_id, rejected=row.rebuild.rejected_token)
    context.note_rebuild(token_mark=token_mark(token))
    started = context.services.vms.start_register(row.vm_id, row.location, token, context.attempt_tag)
    return poll_operation(context, started)


def _with_new_token_if_rejected(context: HostContext, ask: Callable[[], StepResult | None]) -> StepResult:
    """The answer; a registration whose token the agent rejected starts again at once, with a new one, once per attempt.

    Another attempt would rebuild or join the host for nothing, and get the same token again.
    """
    try:
        return ask() or _registered(context)
    except OperationFailed as failed:
        rebuild = context.row.rebuild
        if rebuild.token_renewed or not token_rejected(failed):
            raise
        context.note_rebuild(rejected_token=rebuild.token_mark, token_mark="", token_renewed=True)
        context.note(step_since=context.services.now())
        return StepResult(NextAction.WAIT, AT_ONCE)


def _is_back(context: HostContext) -> bool:
    """Whether the broker reports the host as healthy, so that the run command's purpose is reached.

    Not used for a kept disk, which may bring its old registration; nor where a registration must be drained at once,
    which `await_healthy` does.
    """
    if context.poll_eagerly or context.row.rebuild.strategy == SWAP:
        return False
    seen = context.services.host_pools.session_host(context.pool.host_pool_id, context.row.host)
    context.seen = seen
    context.looked_for = seen is None or seen.status not in HEALTHY_STATUSES
    return not context.looked_for


def _registered(context: HostContext) -> StepResult:
    context.note_rebuild(token_mark="")
    context.move(HostState.VERIFYING)
    return StepResult(NextAction.NEXT)


def await_healthy(context: HostContext) -> StepResult:
    """Wait until the broker reports the host as healthy.

    A registration accepts sessions at once. A canary host, or one that returns drained or switched off, is drained as
    soon as it registers; other hosts may get users once they are healthy. These are polled as often as their
    registration: it is one wait.
    """
    kept_out, desktops = context.poll_eagerly, context.services.host_pools
    seen = context.seen
    if seen is None and not context.looked_for:
        seen = (
            stay_out_of_service(context)
            if kept_out
            else desktops.session_host(context.pool.host_pool_id, context.row.host)
        )
    if seen is not None and seen.status in HEALTHY_STATUSES:
        context.note(removed_from_pool=False)
        context.seen = None if kept_out else seen
        return StepResult(NextAction.NEXT)
    reason = message(Code.NOT_HEALTHY, f"is not healthy yet: {seen.status}") if seen else _NOT_REGISTERED
    if reason != context.row.reason:
        context.note(reason=reason)
    poll = context.services.settings.operation_poll
    if kept_out:
        return StepResult(NextAction.WAIT, min(poll, POLLS_OFTEN) if seen is None else poll)
    return StepResult(NextAction.WAIT, poll * context.services.poll_estimates.later(OperationKind.REGISTER))


def return_host_to_service(context: HostContext) -> StepResult:
    """Restore the host's original state: tags, power, and last its drain if an operator had drained it."""
    services, pool, row = context.services, context.pool, context.row
    waiting = poll_operation(context)
    if waiting:
        return waiting
    seen = context.seen or services.host_pools.session_host(pool.host_pool_id, row.host)
    _record_use(context, seen)
    if context.dirty:
        # Save the progress before our mark is removed: after a crash, a host without it would be rebuilt again.
        context.save()
    actions.tidy(services, context.row)
    if row.found.was_off:
        waiting = _switch_off(context, seen)
        if waiting:
            return waiting
    wanted = not row.found.operator_drained
    if seen is not None and (row.found.was_off or seen.accepting != wanted):
        services.host_pools.set_accepting(pool.host_pool_id, row.host, accepting=wanted)
    context.move(HostState.DONE, ended_at=services.now(), reason=None, error="", sessions=0)
    return StepResult(NextAction.STOP)


def _record_use(context: HostContext, seen: SessionHost | None) -> None:
    """For a refresh, record sessions that are already on the host: no pass writes its row before it is done.

    While Azure is too busy to restore the host, users may come and go.
    """
    used = seen is not None and seen.sessions > 0
    if used and context.rollout.kind is RolloutKind.REFRESH and not used_before_finished(context.row):
        context.save(use=context.row.use.replace(last_used_at=context.services.now()))


def _switch_off(context: HostContext, seen: SessionHost | None) -> StepResult | None:
    """Switch the host off again, only if drained and empty. None: it is off, or stays on because it has users, or
    because somebody else removed it from the pool; that is noted."""
    services, pool, row = context.services, context.pool, context.row
    vm = services.vms.find(row.vm_id)
    context.note(stays_on=vm is not None and vm.running)
    if vm is None or not vm.running or seen is None:
        return None
    if seen.accepting:
        services.host_pools.set_accepting(pool.host_pool_id, row.host, accepting=False)
        return StepResult(NextAction.WAIT, max(AT_ONCE, context.rollout.policy.settle_seconds))
    if seen.sessions or services.host_pools.host_sessions(pool.host_pool_id, row.host):
        return None
    return poll_operation(context, services.vms.start_deallocate(row.vm_id))
