"""Requests a fleet update: selects the pools and their rings, checks the first ring, and starts the task."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from shared.access.limits import pool_policy
from shared.api.fleet import UpdatePoolsRequest
from shared.api.tasks import TaskView
from shared.core.errors import FieldProblem, InvalidRequest
from shared.fleet.ring_rollout import spec_for_ring
from shared.fleet.selection import SelectedPools, choose_pools, schedule_of
from shared.models.access.roles import Reach
from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.policy import resolve_policy
from shared.models.pools import Pool
from shared.models.tasks import PoolsUpdate, PoolsWork, Task, TaskKind
from shared.ports.engine import Engine
from shared.records.tasks import audit_task, new_task, write_task
from shared.records.unreadable_pools import is_gone
from shared.rollouts.draft import RolloutSpec, check_update
from shared.rollouts.preflight import PreflightFailed
from shared.services import Services
from shared.views.tasks import view
from shared.workflow.starting import start_task

READERS = 8
"""Number of pools that are checked at the same time."""


def update_pools(services: Services, engine: Engine, asked: UpdatePoolsRequest, who: str, reach: Reach) -> TaskView:
    """Start a fleet update: a task that updates the pools ring by ring.

    Raises InvalidRequest, PreflightFailed when a pool of the first ring could not be updated now (nothing was written),
    AzureBusy. If another rollout holds a pool, the fleet update waits for it.
    """
    drafted = draft(services, asked, who, reach)
    _check_first_ring(services, drafted, who)
    task = write_task(services, drafted.task)
    audit_task(services, task, after=task.version or "")
    start_task(engine, task)
    return view(task, services.now())


@dataclass(frozen=True)
class Draft:
    """A fleet update before it is started: the selected pools, the image they get, and the task as it would be written.

    `work` is the task's work on its pools.
    """

    selected: SelectedPools
    image: Image
    task: Task
    work: PoolsWork

    def rollout_of(self, services: Services, pool: Pool, when: datetime, *, first: bool) -> RolloutSpec:
        """The rollout of a pool whose ring starts then; `first`: it is in the first ring. Raises InvalidRequest."""
        of_pool = pool_policy(services, pool)
        return spec_for_ring(self.task, self.work, self.image, pool, of_pool, when, first=first)


def draft(services: Services, asked: UpdatePoolsRequest, who: str, reach: Reach) -> Draft:
    """The fleet update as it would be started. Raises InvalidRequest with every problem."""
    problems: list[FieldProblem] = []
    chosen = choose_pools(services, asked, reach, problems)
    schedule = None
    try:
        schedule = schedule_of(asked.schedule, chosen.pools, services.now())
    except InvalidRequest as error:
        problems += error.problems
    problems += _policy_problems(services, asked, chosen.pools)
    if problems or schedule is None or chosen.image is None:
        raise InvalidRequest(problems)
    update = PoolsUpdate(
        pools=tuple(pool.name for pool in chosen.pools),
        rings=chosen.rings,
        schedule=schedule,
        policy=asked.policy,
        soak_minutes=asked.soak_minutes,
        gate=asked.gate,
        allow_downgrade=asked.allow_downgrade,
        other_image=asked.image is not None,
    )
    kind, work = TaskKind.UPDATE_POOLS, PoolsWork(update=update)
    task = new_task(services, kind, chosen.image.name, who, version=asked.version, reason=asked.reason, pools=work)
    return Draft(chosen, chosen.image, task, work)


def _policy_problems(services: Services, asked: UpdatePoolsRequest, pools: Sequence[Pool]) -> list[FieldProblem]:
    """Problems of the policy that results from pool and request; each problem once."""
    found: dict[str, FieldProblem] = {}
    for pool in pools:
        try:
            resolve_policy(asked.schedule.mode, pool_policy(services, pool), asked.policy)
        except InvalidRequest as error:
            for one in error.problems:
                found.setdefault(one.field, FieldProblem(one.field, f"pool {pool.name}: {one.message}"))
    return list(found.values())


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
