"""Deletes kept OS disks after their retention, unless a roll-back may still need them.

1. If a rollout is open on the pool, keep all its disks.
2. Keep what is outside the scopes of its account by now.
3. Read the disk. If it no longer exists, or is attached to a VM again, delete only its row.
4. Fence: mark the row as being removed. From now on no roll-back takes the disk.
5. Read the pool again: a rollout may have claimed it just before the fence, and may have taken the disk.
6. Delete the disk; delete its row when the disk is gone.

A roll-back claims its pool before it reads the kept disks, so at least one of the two sees the other.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from shared.audit.about import about_pool
from shared.audit.record import audit
from shared.core.arm_ids import last
from shared.core.asking import About, Asker, asking
from shared.core.errors import AzureBusy, AzureRefused, NewerRow, StaleRow
from shared.models.kept_disks import KeptDisk
from shared.pools.claim import is_valid
from shared.rollouts.old_disks.registry import forget, why_outside
from shared.services import POOLS, Services

log = logging.getLogger("freshcoat.disks")

WHO = "retention"
"""The actor in the audit log."""
REMOVALS = 100
"""Maximum removals per run, because they use the same ARM quota as the rollouts."""
RETRY_AFTER = timedelta(days=1)
"""Delay before a disk that could not be removed is tried again, so that it does not hold up the others."""


def tidy_disks(services: Services) -> list[str]:
    """Delete kept disks that nobody needs; return the names of those whose removal started now.

    A removal that is still running is checked at the next run. An error with one disk does not stop the others;
    throttling ends the run. Any number of workers may run this at the same time.
    """
    started: list[KeptDisk] = []
    try:
        _tidy(services, started)
    except AzureBusy as busy:
        log.info("the remaining old disks are removed at the next run, because Azure is busy: %s", busy)
    _audit(services, started)
    return [_name(kept) for kept in started]


def _tidy(services: Services, started: list[KeptDisk]) -> None:
    tries = 0
    for kept in _expired(services):
        if tries == REMOVALS:
            log.info("more than %d old disks have expired; the rest is removed at the next run", REMOVALS)
            return
        try:
            if not _can_be_removed(services, kept):
                continue
            tries += 1
            if _remove(services, kept):
                started.append(kept)
        except StaleRow:
            continue  # another worker changed the row: the disk was registered again, or is being removed
        except NewerRow as error:
            log.error("pool %s: the old disk %s is skipped: %s", kept.pool, kept.disk_id, error)
        except AzureRefused as error:
            log.warning(
                "pool %s: the old disk %s could not be removed and is tried again later: %s",
                kept.pool,
                kept.disk_id,
                error,
            )
            _postpone(services, kept)


def _expired(services: Services) -> Iterator[KeptDisk]:
    """Rows whose retention has ended, oldest first, without the pools that a rollout holds."""
    now = services.now()
    expired = [kept for kept in services.disks.every() if kept.keep_until <= now]
    held: dict[str, bool] = {}
    for kept in sorted(expired, key=lambda one: one.keep_until):
        if kept.pool not in held:
            held[kept.pool] = _is_held(services, kept.pool)
        if not held[kept.pool]:
            yield kept


def _is_held(services: Services, pool_name: str) -> bool:
    """Whether an open rollout holds the pool. An unregistered pool is not held."""
    pool = services.pools.find(POOLS, pool_name)
    return pool is not None and is_valid(services, pool)


def _can_be_removed(services: Services, kept: KeptDisk) -> bool:
    """Whether the disk is the account's, exists, is attached to no VM, and is still the one that was registered.

    Raises AzureError.
    """
    if problem := why_outside(services, kept):
        log.warning("pool %s: an old disk is kept: %s", kept.pool, problem)
        _postpone(services, kept)
        return False
    disk = services.vms.disk(kept.disk_id)
    if disk is None or disk.attached_to:
        forget(services, kept)
        return False
    if kept.version_id and disk.version_id and disk.version_id.lower() != kept.version_id.lower():
        text = "pool %s: the disk %s is kept: it was created from %s, but the registered one from %s"
        log.warning(text, kept.pool, kept.disk_id, disk.version_id, kept.version_id)
        _postpone(services, kept)
        return False
    return True


def _remove(services: Services, kept: KeptDisk) -> bool:
    """Fence, read the pool again, delete. Returns whether this started the removal. Raises StaleRow, AzureError."""
    if kept.removing:
        log.warning("pool %s: the old disk %s still exists; its removal is tried again", kept.pool, kept.disk_id)
    fenced = services.disks.replace(kept.model_copy(update={"removing": True}))
    if _is_held(services, kept.pool):
        services.disks.replace(fenced.model_copy(update={"removing": kept.removing}))
        return False
    pool = services.pools.find(POOLS, kept.pool)
    with asking(Asker(name=WHO, about=about_pool(pool) if pool else About(pool=kept.pool))):
        operation = services.vms.start_disk_removal(kept.disk_id)
    log.info("pool %s: removing the old disk %s of %s", kept.pool, kept.disk_id, kept.host)
    if operation.done:
        forget(services, fenced)
    return not kept.removing


def _postpone(services: Services, kept: KeptDisk) -> None:
    """Try again later. Restores the mark that says whether an earlier run started the removal."""
    current = services.disks.find(kept.pool, kept.key)
    if current is None:
        return
    changes = {"keep_until": services.now() + RETRY_AFTER, "removing": kept.removing}
    try:
        services.disks.replace(current.model_copy(update=changes))
    except StaleRow:
        return


def _audit(services: Services, started: list[KeptDisk]) -> None:
    """One entry for each pool."""
    by_pool: dict[str, list[str]] = defaultdict(list)
    for kept in started:
        by_pool[kept.pool].append(_name(kept))
    for pool, disks in sorted(by_pool.items()):
        row = services.pools.find(POOLS, pool)
        audit(
            services,
            WHO,
            "remove old disks",
            pool,
            ", ".join(disks),
            about=about_pool(row) if row else About(pool=pool),
        )


def _name(kept: KeptDisk) -> str:
    return last(kept.disk_id)
