"""Bringing a host onto its version: re-image or replace the VM, or give it its kept disk back.

Sequences and their reasons: azure-facts 1.6. Whether re-imaging in place brings another gallery version
is documented by one sentence only, so the result is looked at: the disk itself says what it was made from.
"""

from __future__ import annotations

import secrets
import string

from pydantic import SecretStr

from shared.core.errors import StaleRow
from shared.core.names import SWAP, SWAPPED_TAG
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult
from shared.models.azure import Operation, VirtualMachine, VirtualMachineBody
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import RolloutKind, goal_of
from shared.rollouts.hosts.context import AT_ONCE, HostContext, disk_identity, is_on_target, poll_operation
from shared.rollouts.hosts.recheck import recheck_if_rolled_back
from shared.rollouts.old_disks.registry import register_disposable_disk
from shared.services import POOLS, Services
from shared.workflow.waiting import StepFailed

REBUILDING = frozenset({"reimage", "create"})
"""Kinds of operation after which the disk must be the target version."""

CHANGING = frozenset({"Creating", "Updating", "Deleting", "Migrating"})
"""ARM provisioning states in which an operation is under way on the VM."""


def rebuild_host(context: HostContext) -> StepResult:
    """Re-image or replace the VM, or swap its disk, until it is what it is to be and runs. Called again until done.

    What to do next follows from the VM as it is, so that a crash at any point repeats nothing destructive;
    and what went through once in an attempt is not asked for again, whatever the disk then says.
    """
    asked = context.row.operation
    if asked is not None and context.row.rebuild.reimage_requested and not context.row.rebuild.rebuilt:
        context.note_rebuild(rebuilt=True)  # with its end, which nothing else would tell; a failure takes it back
    waiting = poll_operation(context)
    if waiting:
        return waiting
    if asked is not None and asked.kind in REBUILDING:
        context.note_rebuild(rebuilt=True)
    services, row = context.services, context.row
    machine, context.machine = context.machine or services.vms.find(row.vm_id), None
    if machine is not None and machine.provisioning in CHANGING:
        if row.rebuild.reimage_requested and not row.rebuild.rebuilt:
            context.note_rebuild(rebuilt=True)  # its answer was lost, and this is it
        return StepResult(NextAction.WAIT, services.settings.operation_poll)
    requested = row.rebuild.reimage_requested and row.rebuild.rebuilt
    if machine is not None and machine.provisioning == "Failed" and requested:
        raise StepFailed("re-imaging has failed")
    if machine is not None and (again := recheck_if_rolled_back(context)):
        return again
    if machine is not None and is_on_target(context, machine):
        return _on_target(context, machine)
    return _rebuild(context, machine)


def _rebuild(context: HostContext, machine: VirtualMachine | None) -> StepResult:
    """The next destructive call, or the one that makes good what it left."""
    services, row = context.services, context.row
    if machine is not None and row.rebuild.strategy == SWAP:
        return swap_disk(context, machine)
    replaces = row.rebuild.strategy == Strategy.REPLACE
    another_disk = machine is not None and row.disks.old_id not in (None, machine.os_disk_id)
    if row.rebuild.rebuilt or (another_disk and not replaces):
        return _came_out_wrong(context, machine)
    if machine is None:
        return _create(context)
    if replaces:
        return _delete(context, machine)
    if machine.ephemeral and not row.rebuild.reimage_requested:
        context.note_rebuild(reimage_requested=True)
        context.save()
    version = goal_of(context.rollout, row).version
    started = services.vms.start_reimage(row.vm_id, version=version, admin_password=fresh_password())
    return _rebuilding(context, started)


def _rebuilding(context: HostContext, started: Operation) -> StepResult:
    waiting = poll_operation(context, started)
    if waiting is None:
        context.note_rebuild(rebuilt=True)
    return waiting or StepResult(NextAction.WAIT, AT_ONCE)


def _on_target(context: HostContext, machine: VirtualMachine) -> StepResult:
    if not machine.running:
        started = context.services.vms.start_power_on(machine.id)
        return poll_operation(context, started) or StepResult(NextAction.WAIT, AT_ONCE)
    if context.row.rebuild.strategy == Strategy.REIMAGE and _brought_another(context):
        record_reimage(context.services, context.pool, ReimageSupport.WORKS)
    context.move(HostState.JOINING, version=goal_of(context.rollout, context.row).version)
    return StepResult(NextAction.NEXT)


def _brought_another(context: HostContext) -> bool:
    """Whether the host has changed its version: that re-imaging brings it the same one again says nothing of others."""
    return (
        context.rollout.kind is not RolloutKind.REFRESH
        or context.row.version != goal_of(context.rollout, context.row).version
    )


def _came_out_wrong(context: HostContext, machine: VirtualMachine | None) -> StepResult:
    """The rebuild went through but the disk is not the target version. `auto` replaces the VM then, once."""
    may_replace = context.rollout.policy.strategy is Strategy.AUTO and context.row.rebuild.strategy == Strategy.REIMAGE
    if machine is None or not may_replace:
        version = goal_of(context.rollout, context.row).version
        raise StepFailed(f"the rebuilt VM is not on {version}; is the strategy right for this pool?")
    record_reimage(context.services, context.pool, ReimageSupport.UNSUPPORTED)
    body = context.services.vms.recreation_body(machine.id)
    stale = disk_identity(machine) if context.rollout.kind is RolloutKind.REFRESH else context.row.disks.stale_id
    context.note_rebuild(strategy=str(Strategy.REPLACE), rebuilt=False)
    context.save(vm_body=body.model_dump(), disks=context.row.disks.replace(stale_id=stale))
    if machine.os_disk_id != context.row.disks.old_id:
        # The disk that came wrong is of no use; the one from before is detached already and stays.
        context.services.vms.update(machine.id, os_disk_delete_option="Delete")
    return _delete(context, machine)


def _delete(context: HostContext, machine: VirtualMachine) -> StepResult:
    if context.row.vm_body is None:
        raise StepFailed("nothing is recorded to create the VM again with")
    context.services.vms.update(machine.id, nic_delete_option="Detach")
    started = context.services.vms.start_delete(machine.id)
    return poll_operation(context, started) or StepResult(NextAction.WAIT, AT_ONCE)


def _create(context: HostContext) -> StepResult:
    if context.row.vm_body is None:
        raise StepFailed("the VM does not exist any more")
    started = context.services.vms.start_create(
        context.row.vm_id,
        VirtualMachineBody.model_validate(context.row.vm_body),
        image_version_id=goal_of(context.rollout, context.row).version_id,
        admin_password=fresh_password(),
    )
    return _rebuilding(context, started)


def record_reimage(services: Services, pool: Pool, found: ReimageSupport) -> None:
    """Mark on the pool, which was read a moment ago, whether re-imaging works there. Somebody else writing the row
    meanwhile is fine: they found out too, or the next host will."""
    if pool.reimage is found:
        return
    now = services.pools.find(POOLS, pool.name)
    if now is None or now.reimage is found:
        return
    try:
        services.pools.replace(now.model_copy(update={"reimage": found}))
    except StaleRow:
        return


def fresh_password() -> SecretStr:
    """A random local administrator password, kept nowhere: nobody logs on with it. Fulfils Windows' rules."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
    drawn = [secrets.choice(kind) for kind in kinds] + [secrets.choice("".join(kinds)) for _ in range(28)]
    secrets.SystemRandom().shuffle(drawn)
    return SecretStr("".join(drawn))


def swap_disk(context: HostContext, machine: VirtualMachine) -> StepResult:
    """Switch the VM off, note which disk it leaves, put the kept one under it. Called again until it is on that.

    What to do next follows from the VM as it is. A disk that has gone or was taken meanwhile fails the attempt: the
    next one re-images.
    """
    services, row = context.services, context.row
    kept = row.disks.kept_id
    disk = services.vms.disk(kept) if kept else None
    if kept is None or disk is None or disk.attached_to:
        raise StepFailed("its kept OS disk is gone, or in use elsewhere")
    if machine.power not in {"deallocated", "stopped"}:
        return poll_operation(context, services.vms.start_deallocate(machine.id)) or StepResult(
            NextAction.WAIT, AT_ONCE
        )
    if machine.os_disk_id:
        register_disposable_disk(services, context.rollout, row, machine.os_disk_id)
    tags = {**machine.tags, SWAPPED_TAG: f"{goal_of(context.rollout, row).version} {disk.name}"}
    if tags != machine.tags:
        services.vms.update(machine.id, tags=tags)
    return poll_operation(context, services.vms.start_swap(machine.id, kept)) or StepResult(NextAction.WAIT, AT_ONCE)
