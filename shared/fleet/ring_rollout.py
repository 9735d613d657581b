"""The rollout that a task asks for on one of its pools: what `begin_rollout` is given. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.models.images import Image
from shared.models.policy import PolicyOverrides, resolve_policy
from shared.models.pools import Pool
from shared.models.rollouts import FIRST_GUESS, RolloutKind, Schedule
from shared.models.tasks import PoolsUpdate, PoolsWork, Task, TaskKind
from shared.planning.rings import schedule_for_ring
from shared.planning.timing import time_with_drain
from shared.planning.windows import moved_into_window
from shared.rollouts.draft import RolloutSpec


def spec_for_ring(
    task: Task,
    pools: PoolsWork,
    image: Image,
    pool: Pool,
    of_pool: PolicyOverrides,
    now: datetime,
    *,
    first: bool,
) -> RolloutSpec:
    """The rollout of a pool whose ring begins now; `first`: no ring was before. Raises InvalidRequest.

    `of_pool`: the pool's policy within its limits.
    """
    assert task.version is not None  # noqa: S101 - a fleet update names it, and an activation's switch did
    update = pools.update
    return RolloutSpec(
        image=image,
        version=task.version,
        schedule=schedule_of_pool(update, pool, of_pool, now, first=first),
        policy=update.policy,
        reason=task.reason or f"task {task.id}",
        allow_downgrade=update.allow_downgrade,
        kind=RolloutKind.ROLL_BACK if task.kind is TaskKind.ROLL_BACK else RolloutKind.UPDATE,
        rollout_id=pools.rollouts.get(pool.name, ""),
        task=task.id,
        requester=task.requester,
    )


def schedule_of_pool(
    update: PoolsUpdate, pool: Pool, of_pool: PolicyOverrides, now: datetime, *, first: bool
) -> Schedule:
    """The moments of the pool's ring, which begins now, moved into the windows that count for the pool.

    Raises InvalidRequest when pool and request together have a broken policy.
    """
    ring = schedule_for_ring(update.schedule, now, first=first)
    policy = resolve_policy(ring.mode, of_pool, update.policy)
    need = time_with_drain(pool.host_seconds or FIRST_GUESS, policy)
    return moved_into_window(ring, policy.windows, pool.time_zone, now, need)
