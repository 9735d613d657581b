"""Resolves a request for a fleet update: pools, rings, and the task as it would be written. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.access.limits import pool_policy
from shared.api.fleet import UpdatePoolsRequest
from shared.core.errors import FieldProblem, InvalidRequest
from shared.fleet.ring_rollout import spec_for_ring
from shared.fleet.selection import SelectedPools, choose_pools, schedule_of
from shared.models.access.roles import Reach
from shared.models.images import Image
from shared.models.policy import resolve_policy
from shared.models.pools import Pool
from shared.models.tasks import PoolsUpdate, PoolsWork, Task, TaskKind
from shared.records.tasks import new_task
from shared.rollouts.draft import RolloutSpec
from shared.services import Services

READERS = 8
"""Number of pools that are checked at the same time."""


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
