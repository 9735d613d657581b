"""What new hosts of a pool get, as the pages of the pool and of its rollout show it: the answer of one rule for all."""

from __future__ import annotations

import logging

from shared.api.rollouts import NewHostsView
from shared.core.errors import AzureError, Conflict, NotFound
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.records.new_hosts import choose_for_new_hosts
from shared.services import Services

log = logging.getLogger("freshcoat.views")

_FOR = 10.0
"""Seconds for which it is shown as it was read, unless the row of the pool or of its rollout has changed."""


def new_hosts_view(services: Services, pool: Pool, rollout: Rollout | None) -> NewHostsView | None:
    """The version for new hosts; None when none is known now, or Azure could not be read."""

    def read() -> NewHostsView | None:
        try:
            choice = choose_for_new_hosts(services, pool, rollout).choice
        except (AzureError, Conflict, NotFound) as error:
            log.info("pool %s: the version for new hosts is not known now: %s", pool.name, error)
            return None
        return NewHostsView(image=choice.image, version=choice.version, reason=choice.reason)

    return services.read_cache.get(("new hosts", pool.name, pool.etag, rollout and rollout.etag), _FOR, read)
