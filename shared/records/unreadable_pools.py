"""Since when a pool cannot be read in Azure, and when it is taken for gone: deleted, moved, or closed to the app.

The row of the pool holds the moment, so that its rollouts, its refresh, retention and health agree. A host pool whose
resource group was deleted is often refused (403) instead of not found: the app's role went with the group.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from shared.core.errors import AzureBusy, AzureError, AzureNotFound, NotFound
from shared.models.pools import Pool
from shared.records.change import change
from shared.services import POOLS, Services

log = logging.getLogger("freshcoat.pools")

SHORT = timedelta(minutes=10)
"""A refusal that has not lasted so long may be an outage: somebody changes roles, or a policy takes effect."""


def note_reading(services: Services, pool: Pool, error: AzureError | None) -> Pool:
    """Record whether the pool could just be read. Being throttled (429) says nothing about it.

    Returns the pool's row, which has only changed if that has.
    """
    if isinstance(error, AzureBusy) and error.http_status == 429:
        return pool
    if (error is None) is (pool.unreadable_since is None):
        return pool
    since = None if error is None else services.now()

    def decide(found: Pool) -> Pool | None:
        if (found.unreadable_since is None) is (since is None):
            return None
        return found.model_copy(update={"unreadable_since": since})

    if error is None:
        log.info("pool %s can be read again", pool.name)
    else:
        log.error("pool %s cannot be read: %s", pool.name, error)
    with suppress(NotFound):  # unregistered meanwhile
        return change(services.pools, (POOLS, pool.name), decide, describe="pool", known=pool, retried=True)[1]
    return pool


def gone_at(services: Services, pool: Pool) -> datetime | None:
    """When the pool is taken for gone, if it stays unreadable; None while it can be read."""
    limit = timedelta(seconds=services.settings.busy_limit)
    return pool.unreadable_since + limit if pool.unreadable_since else None


def is_gone(services: Services, pool: Pool) -> bool:
    """Whether the pool has been unreadable for so long that nothing waits for it any more."""
    at = gone_at(services, pool)
    return at is not None and services.now() >= at


def is_no_outage(services: Services, pool: Pool, error: AzureError) -> bool:
    """Whether nobody who wants an end has to wait for the pool: it is deleted, or refused for longer than SHORT.

    Raises AzureError when the host pool cannot be read for another reason.
    """
    if isinstance(error, AzureBusy):
        return False
    try:
        services.host_pools.host_pool(pool.host_pool_id)
    except AzureNotFound:
        return True
    return pool.unreadable_since is not None and services.now() >= pool.unreadable_since + SHORT
