"""The end of a host as failed: drained, its VM marked, switched off unless it is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from shared.audit.about import asker_of_rollout
from shared.core.asking import asking
from shared.core.errors import AzureBusy, AzureConflict, AzureRefused
from shared.core.names import RETURN_HOST_TO_SERVICE
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult
from shared.models.policy import KeepFailed
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.host_rows import as_failed
from shared.rollouts.hosts.actions import tidy
from shared.rollouts.hosts.context import HostContext
from shared.services import Services

log = logging.getLogger("freshcoat.host")


def switch_off_unless_kept(services: Services, rollout: Rollout, pool: Pool, row: RolloutHost) -> None:
    """Switch off a host that just failed, unless the policy keeps it running. Raises AzureBusy.

    A VM that cannot be switched off only costs money, so this does not wait for it. A host that is rolled back at once
    stays on, and so does one with users.
    """
    if rollout.rolling_back or _stays_on(services, rollout, row):
        return
    try:
        vm = services.vms.find(row.vm_id)
        if vm is not None and vm.running and not _in_use(services, pool, row):
            with asking(asker_of_rollout(rollout)):
                services.vms.start_deallocate(row.vm_id)
    except AzureRefused as error:
        log.warning("rollout %s: %s has failed and could not be switched off: %s", row.rollout, row.host, error)


def _stays_on(services: Services, rollout: Rollout, row: RolloutHost) -> bool:
    keep = rollout.policy.keep_failed
    if keep is not KeepFailed.ONE:
        return keep is KeepFailed.ALL
    failed = services.hosts.page(rollout.id, limit=2, state=HostState.FAILED).rows
    return all(other.host == row.host for other in failed)


def _in_use(services: Services, pool: Pool, row: RolloutHost) -> bool:
    seen = services.host_pools.session_host(pool.host_pool_id, row.host)
    if seen is None:
        return not row.removed_from_pool  # somebody else removed it from the pool, and it may have users
    return seen.accepting or seen.sessions > 0 or bool(services.host_pools.host_sessions(pool.host_pool_id, row.host))


MARKED_WITHIN = timedelta(hours=2)
"""How long after its step started a failed host waits until its VM can be marked: a late operation may still run on it,
and autoscale must get the VM back."""


def fail(services: Services, pool: Pool, row: RolloutHost, reason: str) -> RolloutHost:
    """End a host as failed: keep it drained, mark its VM with the reason, return it to autoscale.

    A part that Azure refuses does not prevent the end. Raises AzureBusy, and AzureConflict while another operation may
    run on the VM (MARKED_WITHIN).
    """
    drained, marked = partial(_keep_drained, services, pool, row), partial(tidy, services, row, failed_for=reason)
    for act in (drained, marked, drained):  # once it can be marked, no registration is running
        _if_possible(services, row, act)
    return as_failed(row, reason, services.now())


def fail_at_return(services: Services, pool: Pool, row: RolloutHost, reason: str) -> RolloutHost:
    """End a healthy host that could not return to service. It may have users, so it is not drained.

    If it is still drained, its VM is marked: otherwise the drain would count as an operator's. Raises as `fail`.
    """

    def mark() -> None:
        seen = services.host_pools.session_host(pool.host_pool_id, row.host)
        if seen is not None and not seen.accepting and not row.found.operator_drained:
            tidy(services, row, failed_for=reason)

    _if_possible(services, row, mark)
    return as_failed(row, reason, services.now())


def _if_possible(services: Services, row: RolloutHost, act: Callable[[], None]) -> None:
    try:
        act()
    except AzureRefused as error:
        since = row.step_since or row.taken_at
        if isinstance(error, AzureConflict) and since and services.now() < since + MARKED_WITHIN:
            raise
        log.warning("rollout %s: %s failed and could not be marked: %s", row.rollout, row.host, error)


def _keep_drained(services: Services, pool: Pool, row: RolloutHost) -> None:
    """A new registration accepts sessions; a failed host must not."""
    seen = services.host_pools.session_host(pool.host_pool_id, row.host)
    if seen is not None and seen.accepting:
        services.host_pools.set_accepting(pool.host_pool_id, row.host, accepting=False)


def end_as_failed(context: HostContext, name: str) -> StepResult:
    """Make the host `failed`, with the error in its row; called again until Azure is no longer busy."""
    try:
        failed = _mark_failed(context, name, context.row.error)
    except AzureBusy as busy:
        return StepResult(NextAction.WAIT, busy.retry_after or context.services.settings.azure_pause)
    except AzureConflict:
        return StepResult(NextAction.WAIT, context.services.settings.operation_poll)
    context.row = failed
    context.save()
    return StepResult(NextAction.STOP)


def _mark_failed(context: HostContext, name: str, reason: str) -> RolloutHost:
    if name == RETURN_HOST_TO_SERVICE:
        return fail_at_return(context.services, context.pool, context.row, reason)
    failed = fail(context.services, context.pool, context.row, reason)
    switch_off_unless_kept(context.services, context.rollout, context.pool, context.row)
    return failed
