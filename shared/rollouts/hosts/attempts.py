"""What follows a failed attempt of a host: a pause and another attempt, a long wait for a lost VM, or its end."""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import Enum, auto

from shared.core.errors import AzureBusy, AzureError, AzureRefused, FreshcoatError
from shared.core.names import REBUILD_HOST, RETURN_HOST_TO_SERVICE, SWAP
from shared.core.refusals import FINAL, MAY_PASS, pause_after_attempt, pause_while_held, refusal_of, words_of
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult, during
from shared.core.wording import duration_text
from shared.models.azure import ProvisioningState
from shared.models.host_parts import AzureWait, Rebuild, WaitKind
from shared.models.rollouts import RolloutHost
from shared.planning.host_rows import as_deleted, is_ours_to_create
from shared.rollouts.hosts.causes import cause_of
from shared.rollouts.hosts.context import GivenUp, HostContext
from shared.rollouts.hosts.failure import end_as_failed

log = logging.getLogger("freshcoat.host")


def attempt_failed(context: HostContext, name: str, error: FreshcoatError) -> StepResult:
    """Start another attempt after a pause, or end the host as failed; as skipped when somebody deleted its VM.

    A VM that we deleted or deallocated, and that Azure cannot provide again, is not given up for long: its host would
    be lost. A healthy host that could not return to service is not rebuilt or joined again: it may have users.
    """
    try:
        vm = _vm_after_failure(context)
    except AzureBusy as busy:  # the step runs again, and fails again
        return StepResult(NextAction.WAIT, busy.retry_after or context.services.settings.azure_pause)
    ours = is_ours_to_create(context.row)
    if vm is _Vm.MISSING and not ours:
        return _end_as_deleted(context, error)
    # For a swap we deallocated the VM: it may not get its capacity back.
    cause = cause_of(name, error)
    lost = (ours and vm is not _Vm.THERE) or context.row.rebuild.strategy == SWAP
    if lost and name == REBUILD_HOST and refusal_of(error) in MAY_PASS:
        if _may_be_held(context):
            return _hold(context, error)
        limit = duration_text(timedelta(seconds=context.services.settings.busy_limit))
        error = GivenUp(f"Azure could not provide the VM again for {limit}: {error}")
    reason = f"{during(name)}: {_explained(error)}"
    log.warning("rollout %s: %s, attempt %d: %s", context.rollout.id, context.row.host, context.row.attempt, reason)
    context.note(trail=context.row.trail.ended(context.services.now(), ok=False))
    may_pass = not isinstance(error, GivenUp) and refusal_of(error) not in FINAL
    if may_pass and context.row.attempt <= context.rollout.policy.retries:
        return _try_again_later(context, name, error, reason)
    # Before the end is carried out: if that has to wait, the step must not run again, since it could succeed.
    context.note_rebuild(abandoned=True)
    context.save(error=reason, failed_by=cause, azure_wait=AzureWait())
    return end_as_failed(context, name)


class _Vm(Enum):
    """What is left of a host's VM after a failure."""

    THERE = auto()
    UNMADE = auto()
    """Its creation failed: Azure keeps its resource, without a machine."""
    MISSING = auto()


def _vm_after_failure(context: HostContext) -> _Vm:
    """Raises AzureBusy."""
    try:
        vm = context.services.vms.find(context.row.vm_id)
    except AzureRefused:  # not known, so the failure counts
        return _Vm.THERE
    if vm is None:
        return _Vm.MISSING
    return _Vm.UNMADE if vm.provisioning == ProvisioningState.FAILED else _Vm.THERE


def _end_as_deleted(context: HostContext, error: FreshcoatError) -> StepResult:
    log.warning("rollout %s: the VM of %s was deleted: %s", context.rollout.id, context.row.host, error)
    context.row = as_deleted(context.row, context.services.now())
    context.save()
    return StepResult(NextAction.STOP)


def _may_be_held(context: HostContext) -> bool:
    since, limit = context.row.azure_wait.since, context.services.settings.busy_limit
    held = context.row.azure_wait.kind is WaitKind.HELD
    return not held or since is None or context.services.now() < since + timedelta(seconds=limit)


def _hold(context: HostContext, error: FreshcoatError) -> StepResult:
    """Wait, and create the VM again then. The limit of the step begins anew with each try."""
    assert isinstance(error, AzureError)  # noqa: S101 - other errors are no refusal that may pass
    held = context.row.azure_wait.kind is WaitKind.HELD
    pause = pause_while_held(context.row.azure_wait.tries + 1 if held else 1, error)
    log.warning("rollout %s: %s is held for %d s: %s", context.rollout.id, context.row.host, pause, error)
    context.awaits_azure(error, pause, WaitKind.HELD)
    context.note(operation=None, step_since=context.services.now() + timedelta(seconds=pause))
    return StepResult(NextAction.WAIT, pause)


def _try_again_later(context: HostContext, name: str, error: FreshcoatError, reason: str) -> StepResult:
    """Wait, then start the next attempt: from the first step, or from this one when the host only has to return."""
    now, pause = context.services.now(), pause_after_attempt(context.row.attempt, error)
    answer = f"{error.code}: {error.message}" if isinstance(error, AzureError) else str(error)
    call = error.call if isinstance(error, AzureError) else ""
    wait = AzureWait(
        kind=WaitKind.ATTEMPT, call=call, answer=answer, since=now, until=now + timedelta(seconds=pause),
        tries=context.row.attempt,
    )  # fmt: skip
    next_attempt = {
        "attempt": context.row.attempt + 1, "operation": None, "error": reason, "azure_wait": wait,
    }  # fmt: skip
    if name == RETURN_HOST_TO_SERVICE:
        context.note(**next_attempt, step_since=now + timedelta(seconds=pause))
    else:
        fields = _fields_for_new_attempt(context.row)
        context.move(HostState.REIMAGING, **next_attempt, **fields, step="starting another attempt")
    return StepResult(NextAction.WAIT, pause)


def seconds_to_wait(context: HostContext) -> float:
    """Seconds until Azure may be asked again, or the next attempt may begin; 0 when that is now.

    The wait is in the row, so a host that is started again keeps it.
    """
    wait, now = context.row.azure_wait, context.services.now()
    if wait.until is not None and now < wait.until:
        return (wait.until - now).total_seconds()
    if wait.kind is WaitKind.ATTEMPT:
        context.note(azure_wait=AzureWait())
    return 0.0


def _explained(error: FreshcoatError) -> str:
    """The error, with what it means where that is known."""
    words = words_of(refusal_of(error))
    return f"{words} ({error})" if words else str(error)


def _fields_for_new_attempt(row: RolloutHost) -> dict[str, object]:
    """A kept disk that did not start must be replaced: the next attempt re-images."""
    rejected = row.rebuild.token_mark  # it may have been why the registration failed
    if row.rebuild.strategy != SWAP:
        return {"rebuild": Rebuild(strategy=row.rebuild.strategy, rejected_token=rejected)}
    return {
        "rebuild": Rebuild(rejected_token=rejected),
        "disks": row.disks.replace(stale_id=row.disks.kept_id, kept_id=None),
    }
