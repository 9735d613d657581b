"""Names in the filters of lists. One that exists nowhere is refused: an empty list would hide a typing error.

A pool or an image that was unregistered still has its rollouts, tasks and promotions, so it can be asked for.
"""

from __future__ import annotations

from shared.core.errors import InvalidRequest
from shared.models.base import Record
from shared.ports.storage import Rows
from shared.records.accounts import known_account
from shared.services import IMAGES, POOLS, PROMOTIONS, ROLLOUTS, TASKS, Services


def check_pool_filter(services: Services, name: str | None) -> None:
    """Raises InvalidRequest for the name of a pool that is not registered and has no rollouts."""
    if name and services.pools.find(POOLS, name) is None and not _has(services.rollouts, ROLLOUTS, pool=name):
        raise _unknown("pool", name)


def check_image_filter(services: Services, name: str | None) -> None:
    """Raises InvalidRequest for the name of an image that is not registered and that nothing was ever done with."""
    if not name or services.images.find(IMAGES, name) is not None:
        return
    used = _has(services.tasks, TASKS, image=name) or _has(services.rollouts, ROLLOUTS, image=name)
    if not (used or _has(services.promotions, PROMOTIONS, image=name)):
        raise _unknown("image", name)


def check_account_filter(services: Services, name: str | None) -> None:
    """Raises InvalidRequest for the name of an account that does not exist."""
    if name and known_account(services, name) is None:
        raise _unknown("account", name)


def _has[R: Record](rows: Rows[R], partition: str, **equal: str) -> bool:
    return any(True for _ in rows.each(partition, **equal))


def _unknown(field: str, name: str) -> InvalidRequest:
    return InvalidRequest.one(field, f"there is no {field} called {name}")
