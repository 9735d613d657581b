"""Names in the filters of lists. One that exists nowhere is refused: an empty list would hide a typing error.

A pool or an image that was unregistered still has its rollouts, tasks and promotions, so it can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.access.subjects import promotion_subject, rollout_subject, task_subject
from shared.core.errors import InvalidRequest
from shared.models.access.roles import Reach
from shared.models.base import Record
from shared.ports.storage import Rows
from shared.records.accounts import known_account
from shared.services import IMAGES, POOLS, PROMOTIONS, ROLLOUTS, TASKS, Services


def check_pool_filter(services: Services, reach: Reach, name: str | None) -> None:
    """Raises InvalidRequest for the name of a pool that is not registered and has no rollouts."""
    if not name:
        return
    pool = services.pools.find(POOLS, name)
    known = reach.sees((pool.account,)) if pool else False
    if not known and not _has(services.rollouts, ROLLOUTS, lambda row: rollout_subject(row).seen_by(reach), pool=name):
        raise _unknown("pool", name)


def check_image_filter(services: Services, reach: Reach, name: str | None) -> None:
    """Raises InvalidRequest for the name of an image that is not registered and that nothing was ever done with."""
    image = services.images.find(IMAGES, name) if name else None
    if not name or (image is not None and reach.sees(image.owners)):
        return
    used = (
        _has(services.tasks, TASKS, lambda row: task_subject(row).seen_by(reach), image=name)
        or _has(services.rollouts, ROLLOUTS, lambda row: rollout_subject(row).seen_by(reach), image=name)
        or _has(services.promotions, PROMOTIONS, lambda row: promotion_subject(row).seen_by(reach), image=name)
    )
    if not used:
        raise _unknown("image", name)


def check_account_filter(services: Services, reach: Reach, name: str | None) -> None:
    """Raises InvalidRequest for the name of an account that does not exist."""
    if name and (not reach.sees((name,)) or known_account(services, name) is None):
        raise _unknown("account", name)


def _has[R: Record](rows: Rows[R], partition: str, sees: Callable[[R], bool], **equal: str) -> bool:
    return any(sees(row) for row in rows.each(partition, **equal))


def _unknown(field: str, name: str) -> InvalidRequest:
    return InvalidRequest.one(field, f"there is no {field} called {name}")
