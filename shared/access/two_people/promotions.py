"""Promotions that will wait for a second person when they fall due, and may be approved before.

The approval is bound to version, moment, policy, schedule and pools, as far as they are known. What has changed by then
needs another one.
"""

from __future__ import annotations

from shared.access.two_people.requesters import LOST_ACCESS, approved_by, is_still_allowed
from shared.access.two_people.rule import WAITS, WAITS_AGAIN, asks_for_two, digest
from shared.access.two_people.tasks import digest_for_work
from shared.core.asking import asker
from shared.core.states import PromotionState
from shared.models.base import iso
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollout_parts import SecondPerson
from shared.models.tasks import Task
from shared.services import POOLS, Services


def pools_of(services: Services, promotion: Promotion) -> list[Pool]:
    """The pools that it updates, and those whose new hosts follow its image."""
    named = frozenset(promotion.update.pools) if promotion.update else frozenset()
    return [pool for pool in services.pools.all(POOLS) if pool.name in named or pool.image == promotion.image]


def why_will_wait(services: Services, promotion: Promotion) -> Message | None:
    """Why it will wait for somebody when it falls due, as of now. None: it goes on by itself, or has fallen due."""
    if promotion.state is not PromotionState.SCHEDULED:
        return None
    holds = _holds(services, promotion)
    stands_in = holds and promotion.second.for_requester
    if not stands_in and not is_still_allowed(services, promotion.requester, promotion.accounts):
        return LOST_ACCESS
    if holds or not _asking(services, promotion):
        return None
    return WAITS_AGAIN if promotion.second.at else WAITS


def approved(services: Services, promotion: Promotion, who: str) -> Promotion:
    """The promotion with the caller's approval, bound to what it will do and to its pools as they are now."""
    second = approved_by(
        services, promotion.second, who, promotion.requester, promotion.accounts, digest=_digest_of(promotion)
    )
    pools = {pool.name: digest_for_work(services, promotion.update, pool) for pool in pools_of(services, promotion)}
    return promotion.replace(second=second, approved_pools=pools)


def after_change(promotion: Promotion) -> Promotion:
    """The promotion after the caller has moved it: they do not approve it, and its approval does not fit any more."""
    changed_by_ids = tuple(sorted({*promotion.second.changed_by_ids, asker().id}))
    return promotion.replace(second=promotion.second.replace(changed_by_ids=changed_by_ids))


def with_approval(services: Services, promotion: Promotion, task: Task) -> Task:
    """The task of a due promotion, with its approval if that still holds."""
    second = promotion.second
    if second.at is None or second.digest != _digest_of(promotion):
        reason = WAITS_AGAIN if second.at else None
        return task.replace(second=SecondPerson(changed_by_ids=second.changed_by_ids, reason=reason))
    return task.replace(second=second, approved_pools=promotion.approved_pools)


def _holds(services: Services, promotion: Promotion) -> bool:
    """Whether somebody has approved it as it is, with the pools that ask for it as they are."""
    second = promotion.second
    return (
        second.at is not None
        and second.digest == _digest_of(promotion)
        and all(
            promotion.approved_pools.get(pool.name) == digest_for_work(services, promotion.update, pool)
            for pool in _asking(services, promotion)
        )
    )


def _asking(services: Services, promotion: Promotion) -> list[Pool]:
    return [pool for pool in pools_of(services, promotion) if asks_for_two(services, pool.account, pool.ring)]


def _digest_of(promotion: Promotion) -> str:
    update = (promotion.update,) if promotion.update else ()
    moment = iso(promotion.due_at) or ""
    return digest(promotion.image, promotion.version, moment, promotion.time_zone, promotion.activation, *update)
