"""Registers the OS disks that rollouts keep for fast roll-backs, and finds them again.

A disk is registered before its host is rebuilt, so that none is forgotten. `cleanup` deletes expired ones.
"""

from __future__ import annotations

from datetime import timedelta

from shared.core.errors import StaleRow
from shared.models.azure import DeleteOption, VirtualMachine
from shared.models.kept_disks import KeptDisk
from shared.models.rollouts import Rollout, RolloutHost
from shared.records.accounts import known_scopes
from shared.records.change import add_or_change
from shared.services import POOLS, Services


def register_kept_disk(
    services: Services, rollout: Rollout, row: RolloutHost, vm: VirtualMachine, version_id: str
) -> None:
    """Register the host's OS disk before the host is rebuilt, if the policy keeps old disks.

    `version_id` is the gallery image version from which the disk was created, empty when unknown. Safe to repeat; the
    later end of retention wins. With `keep_old_disk_days` 0 the VM's delete option decides about the disk, and the app
    does not delete it. Raises AzureBusy.
    """
    if vm.os_disk_id is None:
        return
    keep = timedelta(days=rollout.policy.keep_old_disk_days)
    kept = _kept(services, rollout, row, vm.os_disk_id, version_id, keep)
    if keep and not vm.ephemeral and vm.os_disk_delete_option == DeleteOption.DETACH:
        _write(services, kept, keep_later_end=True)
    elif registered := services.disks.find(kept.pool, kept.key):
        forget(services, registered)


def register_disposable_disk(services: Services, rollout: Rollout, row: RolloutHost, disk_id: str) -> None:
    """Register a disk that nobody needs any more, for example one with the version that is rolled back, as expired.

    Allowed while the host still uses the disk: nothing is deleted before the rollout has ended. Raises AzureBusy.
    """
    _write(services, _kept(services, rollout, row, disk_id, "", timedelta()), keep_later_end=False)


def find_kept_disk(services: Services, pool_name: str, vm_id: str, version_id: str) -> KeptDisk | None:
    """The newest kept disk of a VM that has this gallery image version, exists and is attached to no VM.

    Only a rollout that holds the pool may call this: otherwise the disk may be deleted at any time. One outside the
    account's scopes is not read. The version that
    Azure reports for the disk takes precedence over the registered one. Raises AzureBusy, AzureForbidden.
    """
    version = version_id.lower()
    usable = [kept for kept in services.disks.each(pool_name, vm_id=vm_id.lower()) if _is_usable(kept, version)]
    for kept in sorted(usable, key=lambda one: one.kept_at, reverse=True):
        disk = None if why_outside(services, kept) else services.vms.disk(kept.disk_id)
        if disk is not None and not disk.attached_to and (disk.version_id or kept.version_id).lower() == version:
            return kept
    return None


def why_outside(services: Services, kept: KeptDisk) -> str:
    """Why neither the account that kept the disk nor that of its pool may use it. Empty when one of them may."""
    pool, scopes = services.pools.find(POOLS, kept.pool), known_scopes(services)
    accounts = {kept.account or (pool.account if pool else ""), pool.account if pool else kept.account}
    problems = [scopes.problem(account, kept.disk_id) for account in sorted(accounts)]
    return problems[0] if all(problems) else ""


def forget(services: Services, kept: KeptDisk) -> None:
    """Delete the row, unless it was changed in the meantime."""
    try:
        services.disks.remove(kept)
    except StaleRow:
        return


def _is_usable(kept: KeptDisk, version: str) -> bool:
    """Whether the disk was kept for a roll-back, may have this version, and is not being removed."""
    return not kept.removing and kept.keep_until > kept.kept_at and kept.version_id.lower() in {"", version}


def _kept(
    services: Services, rollout: Rollout, row: RolloutHost, disk_id: str, version_id: str, keep: timedelta
) -> KeptDisk:
    now = services.now()
    return KeptDisk(
        pool=rollout.pool,
        account=rollout.account,
        host=row.host,
        vm_id=row.vm_id,
        disk_id=disk_id,
        version_id=version_id,
        rollout=rollout.id,
        kept_at=now,
        keep_until=now + keep,
    )


def _write(services: Services, kept: KeptDisk, *, keep_later_end: bool) -> None:
    """Add the row or update the existing one. Raises StaleRow when others keep changing it."""

    def decide(stored: KeptDisk) -> KeptDisk:
        return _merged(kept, stored, keep_later_end=keep_later_end)

    add_or_change(services.disks, (kept.pool, kept.key), kept, decide, describe="kept disk", retried=True)


def _merged(kept: KeptDisk, stored: KeptDisk, *, keep_later_end: bool) -> KeptDisk:
    until = max(kept.keep_until, stored.keep_until) if keep_later_end else kept.keep_until
    version_id = kept.version_id or stored.version_id
    return kept.model_copy(update={"keep_until": until, "version_id": version_id}).written_over(stored)
