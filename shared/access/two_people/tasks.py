"""Tasks that wait for a second person: fleet updates, activations and due promotions.

One approval covers the task and its rollouts, as long as their pools and limits stay what they were then.
"""

from __future__ import annotations

from shared.access.two_people.requesters import LOST_ACCESS, approved_by, is_still_allowed
from shared.access.two_people.rule import WAITS, WAITS_AGAIN, asks_for_two, digest, digest_of_pool
from shared.models.access.profiles import Probe
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollout_parts import SecondPerson
from shared.models.tasks import PoolsUpdate, Task, TaskKind
from shared.services import POOLS, Services


def as_requested(services: Services, task: Task) -> Task:
    """A new task as it is written: waiting, if the ring of one of its pools asks for two people, or if who asked for it
    earlier has no access to its accounts any more.

    A task that comes with the approval of its promotion goes on, if the pools that ask are as they were approved.
    """
    if reason := why_not_due(services, task):
        return waiting(services, task, reason)
    asking = [pool for pool in pools_of(services, task) if asks_for_two(services, pool.account, pool.ring)]
    if not asking:
        return task
    if task.second.at is None:
        return waiting(services, task, task.second.reason or WAITS)
    if any(task.approved_pools.get(pool.name) != digest_for_work(services, update_of(task), pool) for pool in asking):
        return waiting(services, task, WAITS_AGAIN)
    return task.replace(second=task.second.replace(digest=_digest_of(task)))


def waiting(services: Services, task: Task, reason: Message) -> Task:
    """The task, waiting for an approval from now on."""
    second = task.second.replace(asked=True, awaiting_since=services.now(), reason=reason)
    return task.replace(second=second, note=reason)


def why_not_due(services: Services, task: Task) -> Message | None:
    """Why its next ring may not begin although due: its requester has no access any more, and nobody stands in."""
    if task.kind is TaskKind.ROLL_BACK or task.second.for_requester:
        return None
    return None if is_still_allowed(services, task.requester, task.accounts) else LOST_ACCESS


def approved(services: Services, task: Task, who: str) -> Task:
    """The task with the caller's approval, bound to what it does and to its pools as they are now."""
    pools = {pool.name: digest_for_work(services, update_of(task), pool) for pool in pools_of(services, task)}
    second = approved_by(services, task.second, who, task.requester, task.accounts, digest=_digest_of(task))
    return task.replace(second=second, approved_pools=pools, note=None)


def for_rollout(services: Services, task: Task, pool: Pool) -> SecondPerson:
    """The task's approval as that of its rollout on this pool; none when what was approved has changed since."""
    second = task.second
    whole = second.at and second.digest == _digest_of(task)
    if not whole or task.approved_pools.get(pool.name) != digest_for_work(services, update_of(task), pool):
        return SecondPerson(asked=second.asked)
    stands_in = second.for_requester
    return SecondPerson(asked=True, at=second.at, by=second.by, by_id=second.by_id, for_requester=stands_in)


def pools_of(services: Services, task: Task) -> list[Pool]:
    """The pools that the task updates, and those whose new hosts follow its image."""
    named = frozenset(task.pools.update.pools) if task.pools else frozenset()
    follow = task.kind is not TaskKind.UPDATE_POOLS
    return [pool for pool in services.pools.all(POOLS) if pool.name in named or (follow and pool.image == task.image)]


def _digest_of(task: Task) -> str:
    """The digest of version, policy, schedule and pools."""
    update = (task.pools.update,) if task.pools else ()
    return digest(task.kind, task.image, task.version or "", *update)


def update_of(work: Task | Promotion) -> PoolsUpdate | None:
    """Which pools a task or a promotion updates, and how."""
    if isinstance(work, Promotion):
        return work.update
    return work.pools.update if work.pools else None


def digest_for_work(services: Services, update: PoolsUpdate | None, pool: Pool) -> str:
    """The digest of what a pool brings to a task or a promotion: joining, limits, policy, probe and time zone."""
    probe = probe_of(services, update, pool)
    script = (probe.name, probe.digest, str(probe.timeout_minutes)) if probe else ()
    return digest(digest_of_pool(services, pool), pool.policy, pool.time_zone, *script)


def probe_of(services: Services, update: PoolsUpdate | None, pool: Pool) -> Probe | None:
    """The probe that the rollout of this pool would run; None without one."""
    asked = update.policy.probe if update and pool.name in update.pools else None
    name = asked or pool.policy.probe
    return services.probes.find(pool.account, name) if name else None
