"""The check of management locks: what the rollout changes and deletes must be free of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.core.arm_ids import describe_scope, holds_at
from shared.core.errors import AzureError
from shared.models.azure import Lock
from shared.models.findings import Finding
from shared.rollouts.preflight.facts import Facts
from shared.rollouts.preflight.results import failed, passed, warned

READ_ONLY, NO_DELETE = "ReadOnly", "CanNotDelete"

_REMOVE = "remove the lock for the time of the rollout"


def locks(facts: Facts) -> Iterator[Finding]:
    """No lock on host pool, VMs or their disks, at their groups, or at their subscription, forbids what is to be done.

    A registration is taken out of the host pool for every host; a VM is deleted when it is replaced; an old OS disk
    when it is kept no longer, or not at all.
    """
    found: list[Finding] = []
    for scope, read in facts.locks.items():
        if isinstance(read, AzureError):
            what_to_do = "give the app's identity Microsoft.Authorization/locks/read there, or look for locks yourself"
            found.append(warned("locks", f"the locks on {describe_scope(scope)} could not be read: {read}", what_to_do))
    found += [finding for lock in _distinct(facts) if (finding := _judge(facts, lock))]
    yield from found or [passed("locks", "no lock is in the way")]


def _distinct(facts: Facts) -> Sequence[Lock]:
    """Each lock once: one on a group is in the list of everything in it."""
    read = [lock for locks in facts.locks.values() if not isinstance(locks, AzureError) for lock in locks]
    return tuple({(lock.scope.lower(), lock.name.lower()): lock for lock in read}.values())


def _judge(facts: Facts, lock: Lock) -> Finding | None:
    """What a lock does to the rollout; None when it does nothing."""
    on_pool = holds_at(lock.scope, facts.asked.pool.host_pool_id)
    on_machines = _holds_at_any(lock, [machine.id for machine in facts.ways.changing])
    on_disks = _holds_at_any(lock, [machine.os_disk_id for machine in facts.ways.changing if machine.os_disk_id])
    what = f"the lock {lock.name} ({lock.level}) on {describe_scope(lock.scope)}"
    if lock.level == READ_ONLY and (on_pool or on_machines or on_disks):
        return failed("locks", f"{what} forbids every change", _REMOVE)
    if lock.level != NO_DELETE:
        return None
    if on_pool:
        return failed("locks", f"{what} forbids taking hosts out of their host pool", _REMOVE)
    if on_machines and facts.ways.replaced:
        return failed("locks", f"{what} forbids replacing VMs", f"{_REMOVE}, or use strategy reimage")
    if on_machines and facts.ways.may_replace:
        detail = f"{what} forbids replacing VMs, which is done if re-imaging should not work on this pool"
        return failed("locks", detail, f"{_REMOVE}, or use strategy reimage")
    if on_machines or on_disks:
        return warned("locks", f"{what} keeps old OS disks from being deleted", "delete them yourself later")
    return None


def _holds_at_any(lock: Lock, resource_ids: Sequence[str]) -> bool:
    return any(holds_at(lock.scope, resource_id) for resource_id in resource_ids)
