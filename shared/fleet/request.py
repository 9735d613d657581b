"""Requests a fleet update: checks the first ring, and starts the task."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from shared.access.two_people.tasks import as_requested
from shared.api.agreed_plans import refuse_changed
from shared.api.fleet import UpdatePoolsRequest
from shared.api.tasks import TaskView
from shared.fleet.draft import READERS, Draft, draft
from shared.fleet.preview import plan_pools_now
from shared.models.access.roles import Reach
from shared.models.findings import Finding
from shared.models.pools import Pool
from shared.ports.engine import Engine
from shared.records.tasks import audit_task, write_task
from shared.records.unreadable_pools import is_gone
from shared.rollouts.draft import check_update
from shared.rollouts.preflight import PreflightFailed
from shared.services import Services
from shared.views.tasks import view
from shared.workflow.starting import start_task


def update_pools(services: Services, engine: Engine, asked: UpdatePoolsRequest, who: str, reach: Reach) -> TaskView:
    """Start a fleet update: a task that updates the pools ring by ring.

    Raises InvalidRequest, PlanChanged, PreflightFailed when a pool of the first ring could not be updated now (nothing
    was written), AzureBusy. If another rollout holds a pool, the fleet update waits for it.
    """
    refuse_changed(asked, lambda: plan_pools_now(services, asked, who, reach))
    drafted = draft(services, asked, who, reach)
    _check_first_ring(services, drafted, who)
    task = write_task(services, as_requested(services, drafted.task))
    audit_task(services, task, after=task.version or "")
    start_task(engine, task)
    return view(task, services.now())


def _check_first_ring(services: Services, drafted: Draft, who: str) -> None:
    """Everything that would stop the first ring. Raises PreflightFailed, AzureBusy."""
    rings = drafted.selected.rings
    there = [pool for pool in drafted.selected.pools if not is_gone(services, pool)] or drafted.selected.pools
    first = min(rings[pool.name] for pool in there)
    pools = [pool for pool in there if rings[pool.name] == first]  # those that are gone are skipped, with the reason
    with ThreadPoolExecutor(READERS) as readers:
        found = list(readers.map(lambda pool: _check(services, drafted, pool, who), pools))
    findings = [finding for one in found for finding in one]
    if any(finding.result == "fail" for finding in findings):
        raise PreflightFailed(findings)


def _check(services: Services, drafted: Draft, pool: Pool, who: str) -> list[Finding]:
    """What speaks for and against updating one pool now, each finding naming it."""
    found = check_update(services, pool, drafted.rollout_of(services, pool, services.now(), first=True), who)
    return [finding.model_copy(update={"detail": f"pool {pool.name}: {finding.detail}"}) for finding in found]
