"""The check of management locks: none may block a change or a deletion of the rollout. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.core.arm_ids import describe_scope, holds_at
from shared.core.errors import AzureError
from shared.models.azure import Lock
from shared.models.findings import Finding
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned

READ_ONLY, NO_DELETE = "ReadOnly", "CanNotDelete"

_REMOVE = "remove the lock until the rollout has ended"


def locks(facts: Facts) -> Iterator[Finding]:
    """No lock on the host pool, the VMs, their disks, resource groups or subscription blocks the rollout.

    Every host is removed from the host pool before it is rebuilt. A VM is deleted when it is replaced, an old OS disk
    after its retention or immediately.
    """
    found: list[Finding] = []
    for scope, read in facts.locks.items():
        if isinstance(read, AzureError):
            what_to_do = "give the app's identity Microsoft.Authorization/locks/read there, or check for locks yourself"
            found.append(warned("locks", f"the locks on {describe_scope(scope)} could not be read: {read}", what_to_do))
    found += [finding for lock in _distinct(facts) if (finding := _check_lock(facts, lock))]
    yield from found or [passed("locks", "no lock blocks the rollout")]


def _distinct(facts: Facts) -> Sequence[Lock]:
    """Each lock once: the lists of all resources in a group contain the group's locks."""
    read = [lock for locks in facts.locks.values() if not isinstance(locks, AzureError) for lock in locks]
    return tuple({(lock.scope.lower(), lock.name.lower()): lock for lock in read}.values())


def _check_lock(facts: Facts, lock: Lock) -> Finding | None:
    """The finding for a lock; None when it does not affect the rollout."""
    on_pool = holds_at(lock.scope, facts.request.pool.host_pool_id)
    on_machines = _holds_at_any(lock, [vm.id for vm in facts.strategies.changing])
    on_disks = _holds_at_any(lock, [vm.os_disk_id for vm in facts.strategies.changing if vm.os_disk_id])
    what = f"the lock {lock.name} ({lock.level}) on {describe_scope(lock.scope)}"
    if lock.level == READ_ONLY and (on_pool or on_machines or on_disks):
        return failed("locks", f"{what} blocks every change", _REMOVE)
    if lock.level != NO_DELETE:
        return None
    if on_pool:
        return failed("locks", f"{what} blocks removing hosts from their host pool", _REMOVE)
    if on_machines and facts.strategies.replaced:
        return failed("locks", f"{what} blocks replacing VMs", f"{_REMOVE}, or use strategy reimage")
    if on_machines and facts.strategies.may_replace:
        detail = f"{what} blocks replacing VMs, which is needed if re-imaging does not work on this pool"
        return failed("locks", detail, f"{_REMOVE}, or use strategy reimage")
    if on_machines or on_disks:
        return warned("locks", f"{what} blocks deleting old OS disks", "delete them yourself later")
    return None


def _holds_at_any(lock: Lock, resource_ids: Sequence[str]) -> bool:
    return any(holds_at(lock.scope, resource_id) for resource_id in resource_ids)
