"""What uses a profile, in words: it is not removed before."""

from __future__ import annotations

from collections.abc import Container, Iterator

from shared.access.subjects import promotion_subject, task_subject
from shared.core.states import PromotionState, TaskState
from shared.models.access.profiles import JoinProfile, Probe
from shared.models.access.roles import Reach
from shared.models.pools import ProfileJoin
from shared.models.tasks import PoolsUpdate
from shared.records.pools import running_rollout
from shared.services import POOLS, PROMOTIONS, TASKS, Services


def uses_of_probe(services: Services, probe: Probe, reach: Reach) -> Iterator[str]:
    """The pools whose policy names it, their open rollouts, and open tasks and promotions that would name it there.

    A rollout keeps the script that it began with; it counts all the same, so that people find what it runs.
    """
    pools = {pool.name: pool for pool in services.pools.each(POOLS, account=probe.account)}
    for pool in pools.values():
        if pool.policy.probe == probe.name:
            yield f"pool {pool.name}"
        rollout = running_rollout(services, pool)
        if rollout and rollout.policy.probe == probe.name:
            yield f"rollout {rollout.id}"
    for task in services.tasks.each(TASKS, state=TaskState.RUNNING):
        if task.pools and _names(task.pools.update, probe, pools):
            yield f"task {task.id}" if task_subject(task).seen_by(reach) else "a task of other accounts, too"
    for promotion in services.promotions.each(PROMOTIONS, state=PromotionState.SCHEDULED):
        if promotion.update and _names(promotion.update, probe, pools):
            seen = promotion_subject(promotion).seen_by(reach)
            yield f"promotion {promotion.id}" if seen else "a promotion of other accounts, too"


def uses_of_join_profile(services: Services, profile: JoinProfile, reach: Reach) -> Iterator[str]:
    """The pools that name it. Their rollouts read it when a host joins."""
    for pool in services.pools.each(POOLS, account=profile.account):
        if isinstance(pool.join, ProfileJoin) and pool.join.profile == profile.name:
            yield f"pool {pool.name}"


def _names(update: PoolsUpdate, probe: Probe, pools: Container[str]) -> bool:
    """Whether the update names it for a pool of its account."""
    return update.policy.probe == probe.name and any(name in pools for name in update.pools)
