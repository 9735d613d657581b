"""OS disks that rollouts leave behind so that hosts can be brought back fast: noted, and found again.

A disk is noted before its host is rebuilt, so that none is lost sight of. `old_disks` removes them.
"""

from __future__ import annotations

from datetime import timedelta

from shared.core.errors import StaleRow
from shared.models.azure import VirtualMachine
from shared.models.kept_disks import KeptDisk
from shared.models.rollouts import Rollout, RolloutHost
from shared.records.change import add_or_change
from shared.services import Services


def register_kept_disk(
    services: Services, rollout: Rollout, row: RolloutHost, machine: VirtualMachine, version_id: str
) -> None:
    """Note the OS disk the host is on, before the host is rebuilt, if it will stay because the policy says so.

    `version_id` is the gallery image version it was made from, empty when that is not known. Safe to repeat; the later
    end counts. With `keep_old_disk_days` 0 the VM's own setting decides what becomes of the disk, and nobody here
    removes it. Raises AzureBusy.
    """
    if machine.os_disk_id is None:
        return
    keep = timedelta(days=rollout.policy.keep_old_disk_days)
    kept = _kept(services, rollout, row, machine.os_disk_id, version_id, keep)
    if keep and not machine.ephemeral and machine.os_disk_delete_option == "Detach":
        _write(services, kept, later_counts=True)
    elif noted_before := services.disks.find(kept.pool, kept.key):
        forget(services, noted_before)


def register_disposable_disk(services: Services, rollout: Rollout, row: RolloutHost, disk_id: str) -> None:
    """Note a disk of no use any more, that of the version which is rolled back for instance: its time is over.

    May be noted while the host is still on it: nothing is removed or forgotten before the rollout has ended. Raises
    AzureBusy.
    """
    _write(services, _kept(services, rollout, row, disk_id, "", timedelta()), later_counts=False)


def kept_for(services: Services, pool_name: str, vm_id: str, version_id: str) -> KeptDisk | None:
    """The newest kept disk of a VM that holds this gallery image version and can be put under it: it is there, and on
    no VM. Only a rollout that holds the pool may ask: for it alone the disk stays.

    The disk's own word about its version counts more than what was noted. Raises AzureBusy, AzureForbidden.
    """
    wanted = version_id.lower()
    usable = [kept for kept in services.disks.each(pool_name, vm_id=vm_id.lower()) if _is_offered(kept, wanted)]
    for kept in sorted(usable, key=lambda one: one.kept_at, reverse=True):
        disk = services.vms.disk(kept.disk_id)
        if disk is not None and not disk.attached_to and (disk.version_id or kept.version_id).lower() == wanted:
            return kept
    return None


def forget(services: Services, kept: KeptDisk) -> None:
    """Remove the row; unless it was noted anew meanwhile."""
    try:
        services.disks.remove(kept)
    except StaleRow:
        return


def _is_offered(kept: KeptDisk, wanted: str) -> bool:
    """Whether it was kept to be used again (not only left), maybe with this version, and is not being removed."""
    return not kept.removing and kept.keep_until > kept.kept_at and kept.version_id.lower() in {"", wanted}


def _kept(
    services: Services, rollout: Rollout, row: RolloutHost, disk_id: str, version_id: str, keep: timedelta
) -> KeptDisk:
    now = services.now()
    return KeptDisk(
        pool=rollout.pool,
        host=row.host,
        vm_id=row.vm_id,
        disk_id=disk_id,
        version_id=version_id,
        rollout=rollout.id,
        kept_at=now,
        keep_until=now + keep,
    )


def _write(services: Services, kept: KeptDisk, *, later_counts: bool) -> None:
    """Add the row, or write over the one that is there. Raises StaleRow when others keep writing it."""

    def decide(there: KeptDisk) -> KeptDisk:
        return _over_the_old(kept, there, later_counts=later_counts)

    add_or_change(services.disks, (kept.pool, kept.key), kept, decide, describe="kept disk", retried=True)


def _over_the_old(kept: KeptDisk, there: KeptDisk, *, later_counts: bool) -> KeptDisk:
    until = max(kept.keep_until, there.keep_until) if later_counts else kept.keep_until
    version_id = kept.version_id or there.version_id
    return kept.model_copy(update={"keep_until": until, "version_id": version_id}).written_over(there)
