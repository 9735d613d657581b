"""The recheck just before the destructive step: confirm that the host may be rebuilt, and record how."""

from __future__ import annotations

import logging

from shared.core.arm_ids import version_id
from shared.core.names import REGISTER_HOST, SWAP
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult
from shared.models.azure import DeleteOption, SessionHost, VirtualMachine, version_of
from shared.models.host_parts import Disks, Found
from shared.models.policy import Strategy
from shared.models.pools import EntraJoin, Pool, ReimageSupport
from shared.models.rollouts import Goal, Rollout, RolloutKind, goal_of
from shared.planning.observe import undrained
from shared.planning.rebuild import RecheckResult, disk_identity, must_return_to_rollout, recheck, swap_problem
from shared.rollouts.hosts import vm_marks
from shared.rollouts.hosts.context import HostContext, is_on_target
from shared.rollouts.hosts.lost_hosts import serves_elsewhere
from shared.rollouts.hosts.still_allowed import (
    end_if_out_of_scope,
    stop_if_former_version_is_gone,
    why_not_begun,
)
from shared.rollouts.old_disks.registry import find_kept_disk, register_disposable_disk, register_kept_disk
from shared.workflow.waiting import StepFailed

log = logging.getLogger("freshcoat.host")


def recheck_host(context: HostContext) -> StepResult:
    """Check that the host is still drained and empty, and not on its target yet; then remove its session host.

    A host that is in use again, or was removed from the pool, returns to the rollout, which decides about it again. The
    session host object is removed because the rebuilt VM registers as a new one under the old name.
    """
    if end_if_out_of_scope(context):
        return StepResult(NextAction.STOP)
    services, pool, row = context.services, context.pool, context.row
    vm = services.vms.find(row.vm_id)
    not_begun = why_not_begun(context, vm)  # before the look at its sessions, which comes last
    seen = services.host_pools.session_host(pool.host_pool_id, row.host)
    elsewhere = seen is None and row.removed_from_pool and _serves_elsewhere(context)
    if must_return_to_rollout(row, seen, elsewhere=elsewhere, rolling_back=context.rollout.rolling_back):
        return _return_to_rollout(context, seen)
    if not_begun:
        return _return_to_rollout(context, seen, step=f"not begun: {not_begun}", out=row.removed_from_pool)
    if vm is not None:
        vm = _with_marks(context, vm)
    on_target = vm is not None and is_on_target(context, vm)
    in_use = not on_target and seen is not None and _in_use(context, seen)
    match recheck(vm, context.row, seen, context.rollout.kind, on_target=on_target, in_use=in_use):
        case RecheckResult.RETURN_TO_ROLLOUT:
            return _return_to_rollout(context, seen)
        case RecheckResult.NO_VM:
            raise StepFailed("the VM no longer exists")
        case RecheckResult.KEEP_SERVING:
            return _keep_serving(context)
        case RecheckResult.ALREADY_REBUILT if seen is None:
            return StepResult(NextAction.NEXT)
        case RecheckResult.REBUILD:
            _prepare_rebuild(context, vm)
        case _:
            _with_owner(context, vm)
    # Save first: after a crash, no list shows the host any more. If another run drives the host, this raises StaleRow.
    context.save(removed_from_pool=True)
    services.host_pools.remove_session_host(pool.host_pool_id, row.host)
    return StepResult(NextAction.NEXT)


def _prepare_rebuild(context: HostContext, vm: VirtualMachine | None) -> None:
    """Everything that must be known, and recorded, before anything is destroyed."""
    rebuild = context.row.rebuild
    # A host pool that gives out no token would not get the host back.
    context.services.host_pools.registration_token(context.pool.host_pool_id, rejected=rebuild.rejected_token)
    vm = _with_owner(context, vm)
    if vm is not None and not rebuild.strategy:
        _record_rebuild(context, vm)
    context.vm = vm


def _keep_serving(context: HostContext) -> StepResult:
    """The host is on its target and registered: it only has to return to service."""
    context.note_rebuild(completed_step=REGISTER_HOST)
    context.note(version=goal_of(context.rollout, context.row).version, removed_from_pool=False)
    context.move(HostState.JOINING)
    context.move(HostState.VERIFYING)
    return StepResult(NextAction.NEXT)


def _with_marks(context: HostContext, vm: VirtualMachine) -> VirtualMachine:
    """The VM with our marks, which its drain has set.

    A host that a failed attempt removed from the pool is not drained again, and its tags and delete option were
    restored. They are set again here, because otherwise autoscale would use the VM as soon as it registers.
    """
    recorded = vm_marks.record_original(context.row, vm)
    tags = vm_marks.tags_while_held(vm, context.rollout, recorded)
    keep = vm_marks.delete_option_to_set(vm, context.rollout)
    if recorded.found != context.row.found:
        context.row = recorded
        context.save()
    if tags == vm.tags and not keep:
        return vm
    context.services.vms.update(
        vm.id, tags=tags, os_disk_delete_option=keep, os_disk_create_option=vm.os_disk_create_option
    )
    return vm.model_copy(update={"tags": tags, "os_disk_delete_option": keep or vm.os_disk_delete_option})


def _with_owner(context: HostContext, vm: VirtualMachine | None) -> VirtualMachine | None:
    """The VM with the tag that says whose session host it was, before that is removed: then no list shows it, and its
    row may be lost."""
    if vm is None:
        return None
    tags = vm_marks.tags_while_out(vm, context.pool, context.row)
    if tags != vm.tags:
        context.services.vms.update(vm.id, tags=tags)
    return vm.model_copy(update={"tags": tags})


def _serves_elsewhere(context: HostContext) -> bool:
    """Whether the host was registered in another host pool after an earlier rollout removed it from this one.

    A host that failed in a rollout may wait for long, so somebody may have reused its VM. Within one rollout there is
    no time for that, so the call is saved.
    """
    row = context.row
    return row.drained_by_earlier_failure and serves_elsewhere(context.services, context.pool, row.vm_id)


def recheck_if_rolled_back(context: HostContext) -> StepResult | None:
    """RESTART when the host has registered again since we removed it from the pool, so it may have users; else None.

    A registration of an earlier attempt may have finished late. In a first attempt there is none, so the call is saved.
    """
    row = context.row
    if row.attempt == 1 and not row.drained_by_earlier_failure:
        return None
    if context.services.host_pools.session_host(context.pool.host_pool_id, row.host) is None:
        return None
    context.note_rebuild(completed_step="")
    context.note(removed_from_pool=False)
    return StepResult(NextAction.RESTART)


def _return_to_rollout(
    context: HostContext, seen: SessionHost | None, *, step: str = "a user signed in again; waiting", out: bool = False
) -> StepResult:
    """Let the rollout decide about the host anew. `out`: an earlier rollout left it out of the pool."""
    row, accepting = context.row, seen is not None and seen.accepting
    drain = row.drain.replace(empty_since=None) if seen else row.drain.replace(drained_at=None, empty_since=None)
    context.move(
        HostState.DRAINING,
        drain=undrained(row, seen, context.services.now()) if seen and accepting else drain,
        sessions=seen.sessions if seen else 0,
        rebuild=row.rebuild.replace(strategy="", completed_step="", device="", device_id=""),
        disks=row.disks.replace(old_id=None),
        vm_body=None,
        removed_from_pool=out,
        step=step,
    )
    return StepResult(NextAction.STOP)


def _in_use(context: HostContext, seen: SessionHost) -> bool:
    """Whether the host accepts or has a session: the broker's count and its list of sessions must both say no."""
    if seen.accepting or seen.sessions:
        return True
    return bool(context.services.host_pools.host_sessions(context.pool.host_pool_id, context.row.host))


def _record_rebuild(context: HostContext, vm: VirtualMachine) -> None:
    """Record how this host is rebuilt, and everything needed for that, before anything is destroyed."""
    kept = _kept_disk(context, vm)
    if context.row.rolling_back and not kept:
        stop_if_former_version_is_gone(context)
    goal = goal_of(context.rollout, context.row)
    strategy = SWAP if kept else str(strategy_for(context.rollout, context.pool, vm, goal))
    body = context.services.vms.recreation_body(vm.id) if strategy == Strategy.REPLACE else None
    if strategy != SWAP and vm.os_disk_id:
        _record_disk(context, vm, vm.os_disk_id)
    # An ephemeral disk keeps its id when it is re-imaged, so the id is not recorded: then only `rebuilt` counts.
    id_changes = strategy == Strategy.REPLACE or not vm.ephemeral
    refreshes = context.rollout.kind is RolloutKind.REFRESH
    stale = disk_identity(vm) if refreshes and id_changes else context.row.disks.stale_id
    context.note_rebuild(strategy=strategy)
    context.note(
        disks=Disks(old_id=vm.os_disk_id, kept_id=kept, stale_id=stale),
        location=vm.location,
        vm_body=body.model_dump() if body else None,
        found=_with_current_version(context.row.found, vm, goal) if refreshes else context.row.found,
    )


def _record_disk(context: HostContext, vm: VirtualMachine, disk_id: str) -> None:
    """Register the old disk: as kept, or as disposable if it has the version that is being rolled back."""
    if not _rolls_back(context):
        made_from = context.disk_version(disk_id)
        register_kept_disk(context.services, context.rollout, context.row, vm, made_from or "")
    elif vm.os_disk_delete_option == DeleteOption.DETACH:
        register_disposable_disk(context.services, context.rollout, context.row, disk_id)


def _rolls_back(context: HostContext) -> bool:
    return context.row.rolling_back or context.rollout.kind is RolloutKind.ROLL_BACK


def _with_current_version(found: Found, vm: VirtualMachine, goal: Goal) -> Found:
    """The version before this rebuild. A refresh runs for long, so the version recorded first is out of date."""
    known = vm.definition_id and vm.version
    return found.replace(
        from_version=version_of(vm, goal.definition_id),
        from_version_id=version_id(vm.definition_id or "", vm.version or "") if known else "",
    )


def _kept_disk(context: HostContext, vm: VirtualMachine) -> str | None:
    """The kept OS disk with the version to which the host is rolled back; None when none can be swapped in.

    Only in the first attempt: a host that did not start from its old disk is re-imaged. The VM must have the image
    definition of the disk, because after the swap only a tag says which version the VM runs.
    """
    if isinstance(context.pool.join, EntraJoin):
        return None  # its device in Entra ID was deleted, so nothing trusts what is joined on it
    row, goal = context.row, goal_of(context.rollout, context.row)
    same = (vm.definition_id or "").lower() == goal.definition_id.lower()
    if not _rolls_back(context) or row.attempt > 1 or row.disks.stale_id or vm.ephemeral or not same:
        return None
    found = find_kept_disk(context.services, context.pool.name, row.vm_id, goal.version_id)
    if found is None:
        return None
    disk = context.services.vms.disk(found.disk_id)
    if disk is not None and (problem := swap_problem(vm, disk)):
        log.info("rollout %s: %s is re-imaged instead: %s", row.rollout, row.host, problem)
        return None
    return found.disk_id


def strategy_for(rollout: Rollout, pool: Pool, vm: VirtualMachine, goal: Goal) -> Strategy:
    """Choose whether this VM is re-imaged or replaced.

    Re-imaging can only install versions of the VM's own image definition, and on an ephemeral disk only the version
    that it had (azure-facts 1.2). Such VMs are always replaced under `auto`.
    """
    wanted = rollout.policy.strategy
    if wanted is not Strategy.AUTO:
        return wanted
    other = vm.definition_id is None or vm.definition_id.lower() != goal.definition_id.lower()
    another_version = rollout.kind is not RolloutKind.REFRESH or vm.version != goal.version
    if other or (vm.ephemeral and another_version) or pool.reimage is ReimageSupport.UNSUPPORTED:
        return Strategy.REPLACE
    return Strategy.REIMAGE
