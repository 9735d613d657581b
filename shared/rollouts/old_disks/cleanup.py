"""Kept OS disks whose time is over are removed, unless a roll-back could still want them.

1. Is a rollout open on the pool? Then all its disks stay.
2. Look at the disk: one that is gone, or on a VM again, is only forgotten.
3. Fence: its row says that it is being removed. No roll-back takes it from now on.
4. Look at the pool again: a rollout may have claimed it just before, and may have taken the disk.
5. Delete it; its row goes when the disk is seen to be gone.

A roll-back claims its pool before it asks for kept disks: so of the two at least one sees the other.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from shared.audit.record import audit
from shared.core.arm_ids import last
from shared.core.errors import AzureBusy, AzureRefused, NewerRow, StaleRow
from shared.models.kept_disks import KeptDisk
from shared.pools.claim import is_valid
from shared.rollouts.old_disks.registry import forget
from shared.services import POOLS, Services

log = logging.getLogger("freshcoat.disks")

WHO = "retention"
"""Who it is in the audit."""
REMOVALS = 100
"""Disks that one run tries to remove at most: they are taken from the same allowance as the rollouts' calls."""
RETRY_AFTER = timedelta(days=1)
"""When a disk that could not be removed is looked at again: it must not stand in the way of the others."""


def tidy_disks(services: Services) -> list[str]:
    """Remove kept disks that nobody needs; the names of those whose removal was begun now.

    A removal that Azure takes its time for is looked at at the next run. What goes wrong with one disk holds up no
    other; a busy Azure ends the run. Any number of workers may run this together.
    """
    begun: list[KeptDisk] = []
    try:
        _tidy(services, begun)
    except AzureBusy as busy:
        log.info("the rest of the old disks next time, since Azure is busy: %s", busy)
    _audit(services, begun)
    return [_name(kept) for kept in begun]


def _tidy(services: Services, begun: list[KeptDisk]) -> None:
    tries = 0
    for kept in _over(services):
        if tries == REMOVALS:
            log.info("more than %d old disks are to be removed: the rest next time", REMOVALS)
            return
        try:
            if not _is_of_no_use(services, kept):
                continue
            tries += 1
            if _remove(services, kept):
                begun.append(kept)
        except StaleRow:
            continue  # noted anew, or taken by another worker
        except NewerRow as error:
            log.error("pool %s: the old disk %s is passed over: %s", kept.pool, kept.disk_id, error)
        except AzureRefused as error:
            log.warning("pool %s: the old disk %s stays for now: %s", kept.pool, kept.disk_id, error)
            _postpone(services, kept)


def _over(services: Services) -> Iterator[KeptDisk]:
    """Rows whose time is over, the oldest first, of pools that no rollout holds."""
    now = services.now()
    over = [kept for kept in services.disks.every() if kept.keep_until <= now]
    held: dict[str, bool] = {}
    for kept in sorted(over, key=lambda one: one.keep_until):
        if kept.pool not in held:
            held[kept.pool] = _is_held(services, kept.pool)
        if not held[kept.pool]:
            yield kept


def _is_held(services: Services, pool_name: str) -> bool:
    """Whether a rollout that is not ended has the pool. One that is not registered any more has nobody."""
    pool = services.pools.find(POOLS, pool_name)
    return pool is not None and bool(pool.running_rollout) and is_valid(services, pool.running_rollout)


def _is_of_no_use(services: Services, kept: KeptDisk) -> bool:
    """Whether it is there, on no VM, and still the disk that was noted. Raises AzureError."""
    disk = services.vms.disk(kept.disk_id)
    if disk is None or disk.attached_to:
        forget(services, kept)
        return False
    if kept.version_id and disk.version_id and disk.version_id.lower() != kept.version_id.lower():
        text = "pool %s: the disk %s is left alone: it was made from %s, and not from %s as the one that was kept"
        log.warning(text, kept.pool, kept.disk_id, disk.version_id, kept.version_id)
        _postpone(services, kept)
        return False
    return True


def _remove(services: Services, kept: KeptDisk) -> bool:
    """Fence, look at the pool again, delete. Whether this began the removal. Raises StaleRow, AzureError."""
    if kept.removing:
        log.warning("pool %s: the old disk %s is still there: its removal is tried again", kept.pool, kept.disk_id)
    fenced = services.disks.replace(kept.model_copy(update={"removing": True}))
    if _is_held(services, kept.pool):
        services.disks.replace(fenced.model_copy(update={"removing": kept.removing}))
        return False
    operation = services.vms.start_disk_removal(kept.disk_id)
    log.info("pool %s: removing the old disk %s of %s", kept.pool, kept.disk_id, kept.host)
    if operation.done:
        forget(services, fenced)
    return not kept.removing


def _postpone(services: Services, kept: KeptDisk) -> None:
    """Look at it again later. This time its removal was not begun."""
    there = services.disks.find(kept.pool, kept.key)
    if there is None:
        return
    changes = {"keep_until": services.now() + RETRY_AFTER, "removing": kept.removing}
    try:
        services.disks.replace(there.model_copy(update=changes))
    except StaleRow:
        return


def _audit(services: Services, begun: list[KeptDisk]) -> None:
    """One entry for each pool."""
    by_pool: dict[str, list[str]] = defaultdict(list)
    for kept in begun:
        by_pool[kept.pool].append(_name(kept))
    for pool, disks in sorted(by_pool.items()):
        audit(services, WHO, "remove old disks", pool, ", ".join(disks))


def _name(kept: KeptDisk) -> str:
    return last(kept.disk_id)
