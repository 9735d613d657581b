"""A failed attempt of a host, and its end as failed: drained, its VM marked, switched off unless it is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from shared.core.errors import AzureBusy, AzureConflict, AzureError, FreshcoatError
from shared.core.names import GIVE_BACK_HOST, SWAP
from shared.core.states import HostState
from shared.core.steps import Outcome, Then
from shared.models.policy import KeepFailed
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.host_rows import as_failed
from shared.rollouts.hosts.actions import tidy
from shared.rollouts.hosts.context import GivenUp, Work
from shared.services import Services

log = logging.getLogger("freshcoat.host")


def switch_off_unless_kept(services: Services, rollout: Rollout, pool: Pool, row: RolloutHost) -> None:
    """Switch a host off that has just failed, if the policy keeps another one, or none. Raises AzureBusy.

    What cannot be switched off costs money and nothing else, so it is not waited for. A host that is brought back at
    once is left on, and so is one on which somebody works.
    """
    if rollout.going_back or _stays_on(services, rollout, row):
        return
    try:
        machine = services.machines.machine(row.vm_id)
        if machine is not None and machine.running and not _in_use(services, pool, row):
            services.machines.start_deallocate(row.vm_id)
    except AzureBusy:
        raise
    except AzureError as error:
        log.warning("rollout %s: %s has failed and could not be switched off: %s", row.rollout, row.host, error)


def _stays_on(services: Services, rollout: Rollout, row: RolloutHost) -> bool:
    keep = rollout.policy.keep_failed
    if keep is not KeepFailed.ONE:
        return keep is KeepFailed.ALL
    failed = services.hosts.page(rollout.id, limit=2, state=HostState.FAILED).rows
    return all(other.host == row.host for other in failed)


def _in_use(services: Services, pool: Pool, row: RolloutHost) -> bool:
    seen = services.desktops.session_host(pool.host_pool_id, row.host)
    if seen is None:
        return not row.out_of_pool  # somebody else took it out of the pool, and it may serve others
    return seen.accepting or seen.sessions > 0 or bool(services.desktops.host_sessions(pool.host_pool_id, row.host))


MARKED_WITHIN = timedelta(hours=2)
"""So long after its step began, a failed host is waited for until its VM can be marked: an operation that came too late
may still run on it, and autoscale must get the VM back."""


def fail(services: Services, pool: Pool, row: RolloutHost, why: str) -> RolloutHost:
    """The host's end: it is kept drained, its VM says why, autoscale may have it back.

    What cannot be done for that end does not prevent it. Raises AzureBusy, and AzureConflict for as long as something
    else may be at work on the VM (MARKED_WITHIN).
    """
    drained, marked = partial(_keep_drained, services, pool, row), partial(tidy, services, row, failed_for=why)
    for act in (drained, marked, drained):  # once it can be marked, no registration is under way any more
        _if_possible(services, row, act)
    return as_failed(row, why, services.now())


def fail_at_return(services: Services, pool: Pool, row: RolloutHost, why: str) -> RolloutHost:
    """The end of a host that is healthy and only could not be given back. People may be on it, so it is not drained.

    If it still is, its VM says why: without our mark, that would be taken for an operator's drain. Raises as `fail`.
    """

    def mark() -> None:
        seen = services.desktops.session_host(pool.host_pool_id, row.host)
        if seen is not None and not seen.accepting and not row.operator_drained:
            tidy(services, row, failed_for=why)

    _if_possible(services, row, mark)
    return as_failed(row, why, services.now())


def _if_possible(services: Services, row: RolloutHost, act: Callable[[], None]) -> None:
    try:
        act()
    except AzureBusy:
        raise
    except AzureError as error:
        since = row.step_since or row.taken_at
        if isinstance(error, AzureConflict) and since and services.now() < since + MARKED_WITHIN:
            raise
        log.warning("rollout %s: %s failed and could not be marked: %s", row.rollout, row.host, error)


def _keep_drained(services: Services, pool: Pool, row: RolloutHost) -> None:
    """A fresh registration accepts sessions; one that failed must not."""
    seen = services.desktops.session_host(pool.host_pool_id, row.host)
    if seen is not None and seen.accepting:
        services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=False)


def _attempt_failed(work: Work, name: str, error: FreshcoatError) -> Outcome:
    """Another attempt, or the host's end.

    A host that is healthy and only could not be given back is not rebuilt or joined again: people may be on it.
    """
    why = f"{name}: {error}"
    log.warning("rollout %s: %s, attempt %d: %s", work.rollout.id, work.row.host, work.row.attempt, why)
    if work.row.attempt <= work.rollout.policy.retries and not isinstance(error, GivenUp):
        next_attempt = {"attempt": work.row.attempt + 1, "operation": None, "error": why}
        if name == GIVE_BACK_HOST:
            work.note(**next_attempt, step_since=work.services.now())
            return Outcome(Then.WAIT, work.services.settings.operation_poll)
        afresh = {"phase": "", "rebuilt": False, "rebuild_asked": False, "step": "trying again"}
        work.move(HostState.REIMAGING, **next_attempt, **_anew(work.row), **afresh)
        return Outcome(Then.AGAIN)
    # Before anything of its end is done: what then has to wait must not run the step again, which could go well.
    work.save(given_up=True, error=why)
    return _come_to_its_end(work, name)


def _come_to_its_end(work: Work, name: str) -> Outcome:
    """Make the host `failed`, for the reason that is in its row; it is called again until Azure has time for it."""
    try:
        failed = _mark_failed(work, name, work.row.error)
    except AzureBusy as busy:
        return Outcome(Then.WAIT, busy.retry_after or work.services.settings.azure_pause)
    except AzureConflict:
        return Outcome(Then.WAIT, work.services.settings.operation_poll)
    work.row = failed
    work.save()
    return Outcome(Then.STOP)


def _anew(row: RolloutHost) -> dict[str, object]:
    """A disk that was given back and did not come to life must go: the next attempt re-images."""
    if row.strategy != SWAP:
        return {}
    return {"strategy": "", "stale_disk_id": row.kept_disk_id, "kept_disk_id": None}


def _mark_failed(work: Work, name: str, why: str) -> RolloutHost:
    if name == GIVE_BACK_HOST:
        return fail_at_return(work.services, work.pool, work.row, why)
    failed = fail(work.services, work.pool, work.row, why)
    switch_off_unless_kept(work.services, work.rollout, work.pool, work.row)
    return failed
