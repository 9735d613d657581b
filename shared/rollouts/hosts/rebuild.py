"""Rebuilding a host: re-image or replace the VM, or swap in its kept disk.

Sequences and their reasons: azure-facts 1.6. Whether re-imaging in place brings another gallery version is documented
by one sentence only, so the result is checked: the disk itself says what it was made from. shared/planning/rebuild.py
decides the next action, and this step carries it out.
"""

from __future__ import annotations

import logging
import secrets
import string
from typing import Any

from pydantic import SecretStr

from shared.core.codes import Code
from shared.core.errors import AzureConflict, AzureRefused, StaleRow
from shared.core.names import SWAP, SWAPPED_TAG
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult
from shared.history.rollout_events import event
from shared.history.write import write_events
from shared.models.azure import DeleteOption, Disk, Operation, OperationKind, VirtualMachine, VirtualMachineBody
from shared.models.history.rollout_events import EventKind
from shared.models.messages import message
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import RolloutKind, goal_of
from shared.planning import rebuild as planned
from shared.planning.rebuild import RebuildAction, action_for_provisioning, disk_identity, next_rebuild_action
from shared.rollouts.hosts.context import AT_ONCE, HostContext, is_on_target, poll_operation
from shared.rollouts.hosts.recheck import recheck_if_rolled_back
from shared.rollouts.old_disks.registry import register_disposable_disk
from shared.services import POOLS, Services
from shared.workflow.waiting import StepFailed

log = logging.getLogger("freshcoat.host")

IMAGE_READ_SECONDS = 300.0
"""Seconds for which hosts share one reading of the image version, whose disk never changes its size."""
REBUILDING = frozenset({OperationKind.REIMAGE, OperationKind.CREATE})
"""Kinds of operation after which the disk must be the target version."""


def rebuild_host(context: HostContext) -> StepResult:
    """Carry out the next action that brings the VM to its target. Called again until the VM is on it and runs."""
    asked = context.row.operation
    if asked is not None:
        _record_lost_request(context)  # with its end, which nothing else would tell; a failure takes it back
    waiting = _poll_extension(context) if asked and asked.kind == OperationKind.EXTENSION else poll_operation(context)
    if waiting:
        return waiting
    if asked is not None and asked.kind in REBUILDING:
        context.note_rebuild(rebuilt=True)
    vm, context.vm = context.vm or context.services.vms.find(context.row.vm_id), None
    action = action_for_provisioning(vm, context.row) if vm else None
    if vm is not None and action is None and (again := recheck_if_rolled_back(context)):
        return again
    return _carry_out(context, action or _next_action(context, vm))


def _poll_extension(context: HostContext) -> StepResult | None:
    """Poll the installation of an extension. A failure is only logged: better a host without it than no host."""
    try:
        return poll_operation(context)
    except AzureRefused as error:
        log.warning("rollout %s: %s: an extension is not put back: %s", context.rollout.id, context.row.host, error)
        return None


def _restore_extension(context: HostContext, extension: dict[str, Any]) -> StepResult:
    """Install the next extension of the deleted VM. A refusal is only logged, unless another one is being installed."""
    vms, row = context.services.vms, context.row
    try:
        started = vms.start_extension(row.vm_id, row.location, extension)
    except AzureConflict:
        raise
    except AzureRefused as error:
        log.warning("rollout %s: %s: %s is not put back: %s", row.rollout, row.host, extension.get("name"), error)
        started = None
    context.note_rebuild(extensions_restored=row.rebuild.extensions_restored + 1)
    return _started(context, started) if started else StepResult(NextAction.WAIT, AT_ONCE)


def _record_lost_request(context: HostContext) -> None:
    """A requested re-image is under way: record it as such, since its answer may have been lost."""
    if context.row.rebuild.reimage_requested:
        context.note_rebuild(rebuilt=True)


def _next_action(context: HostContext, vm: VirtualMachine | None) -> RebuildAction:
    """Read what the decision needs, and decide."""
    row, on_target = context.row, vm is not None and is_on_target(context, vm)
    kept = row.disks.kept_id if row.rebuild.strategy == SWAP and not on_target else None
    return next_rebuild_action(
        vm,
        row,
        goal_of(context.rollout, row),
        on_target=on_target,
        strategy=context.rollout.policy.strategy,
        kept_disk=context.services.vms.disk(kept) if kept else None,
    )


def _carry_out(context: HostContext, action: RebuildAction) -> StepResult:  # noqa: PLR0911 - one answer per action
    vms, vm_id = context.services.vms, context.row.vm_id
    match action:
        case planned.Fail(reason):
            raise StepFailed(reason)
        case planned.Wait():
            _record_lost_request(context)
            return StepResult(NextAction.WAIT, context.services.settings.operation_poll)
        case planned.Finished():
            return _finish(context)
        case planned.PowerOn():
            return _started(context, vms.start_power_on(vm_id))
        case planned.SwitchOff():
            return _started(context, vms.start_deallocate(vm_id))
        case planned.Swap(vm, disk):
            return _swap_disk(context, vm, disk)
        case planned.SwitchToReplace(vm, discard_disk):
            _switch_to_replace(context, vm, discard_disk=discard_disk)
            return _delete(context)
        case planned.Create(body, version_id):
            given = _with_large_enough_disk(context, VirtualMachineBody.model_validate(body))
            password = fresh_password()
            started = vms.start_create(vm_id, given, image_version_id=version_id, admin_password=password)
            return _started(context, started, rebuilds=True)
        case planned.Reimage(version, record_first):
            if record_first:
                context.note_rebuild(reimage_requested=True)
                context.save()
            started = vms.start_reimage(vm_id, version=version, admin_password=fresh_password())
            return _started(context, started, rebuilds=True)
        case planned.Delete():
            return _delete(context)
        case planned.RestoreExtension(extension):
            return _restore_extension(context, extension)


def _with_large_enough_disk(context: HostContext, given: VirtualMachineBody) -> VirtualMachineBody:
    """The recorded body; its OS disk is raised to the size of the image's, which all hosts of a goal share."""
    goal = goal_of(context.rollout, context.row)
    found = context.services.read_cache.get(
        ("gallery version", goal.version_id),
        IMAGE_READ_SECONDS,
        lambda: context.services.gallery.version(goal.definition_id, goal.version),
    )
    body = planned.with_disk_for(given.body, found.os_disk_gb if found else None)
    return given.model_copy(update={"body": body})


def _started(context: HostContext, started: Operation, *, rebuilds: bool = False) -> StepResult:
    """Wait for an operation that was just started. `rebuilds`: its end is the end of the rebuild."""
    waiting = poll_operation(context, started)
    if waiting is None and rebuilds:
        context.note_rebuild(rebuilt=True)
    return waiting or StepResult(NextAction.WAIT, AT_ONCE)


def _finish(context: HostContext) -> StepResult:
    row, version = context.row, goal_of(context.rollout, context.row).version
    # A refresh that brings the version that the host had says nothing of other versions.
    other_version = context.rollout.kind is not RolloutKind.REFRESH or row.version != version
    if row.rebuild.strategy == Strategy.REIMAGE and other_version:
        record_reimage(context.services, context.pool, ReimageSupport.WORKS)
    if row.rebuild.strategy == Strategy.REPLACE:
        context.note_rebuild(rebuilt=True)  # from here on, somebody else deletes the VM if it is gone
    context.move(HostState.JOINING, version=version)
    return StepResult(NextAction.NEXT)


def _switch_to_replace(context: HostContext, vm: VirtualMachine, *, discard_disk: bool) -> None:
    """Record that re-imaging does not work in this pool, and what is needed to create the VM again."""
    if record_reimage(context.services, context.pool, ReimageSupport.UNSUPPORTED):
        text = "Re-imaging does not work in this pool, so hosts are replaced instead."
        changed, now = message(Code.STRATEGY_CHANGED, text), context.services.now()
        told = event(context.rollout, EventKind.STRATEGY_CHANGED, now, changed, host=context.row.host)
        write_events(context.services, [told])
    body = context.services.vms.recreation_body(vm.id)
    stale = disk_identity(vm) if context.rollout.kind is RolloutKind.REFRESH else context.row.disks.stale_id
    context.note_rebuild(strategy=str(Strategy.REPLACE), rebuilt=False)
    context.save(vm_body=body.model_dump(), disks=context.row.disks.replace(stale_id=stale))
    if discard_disk:
        # The disk from before is detached already and stays.
        context.services.vms.update(
            vm.id, os_disk_delete_option=DeleteOption.DELETE, os_disk_create_option=vm.os_disk_create_option
        )


def _delete(context: HostContext) -> StepResult:
    vms, vm_id = context.services.vms, context.row.vm_id
    vms.update(vm_id, nic_delete_option=DeleteOption.DETACH)
    return _started(context, vms.start_delete(vm_id))


def _swap_disk(context: HostContext, vm: VirtualMachine, disk: Disk) -> StepResult:
    """Register the disk that the VM leaves, tag the VM with the version of the kept disk, and swap them."""
    services, row = context.services, context.row
    if vm.os_disk_id:
        register_disposable_disk(services, context.rollout, row, vm.os_disk_id)
    tags = {**vm.tags, SWAPPED_TAG: f"{goal_of(context.rollout, row).version} {disk.name}"}
    if tags != vm.tags:
        services.vms.update(vm.id, tags=tags)
    return _started(
        context, services.vms.start_swap(vm.id, row.disks.kept_id or disk.id, create_option=vm.os_disk_create_option)
    )


def record_reimage(services: Services, pool: Pool, found: ReimageSupport) -> bool:
    """Mark on the pool, which was read a moment ago, whether re-imaging works there; whether that was news. Somebody
    else writing the row meanwhile is fine: they found out too, or the next host will."""
    if pool.reimage is found:
        return False
    now = services.pools.find(POOLS, pool.name)
    if now is None or now.reimage is found:
        return False
    try:
        services.pools.replace(now.model_copy(update={"reimage": found}))
    except StaleRow:
        return False
    return True


def fresh_password() -> SecretStr:
    """A random local administrator password, kept nowhere: nobody logs on with it. Fulfils Windows' rules."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
    drawn = [secrets.choice(kind) for kind in kinds] + [secrets.choice("".join(kinds)) for _ in range(28)]
    secrets.SystemRandom().shuffle(drawn)
    return SecretStr("".join(drawn))
