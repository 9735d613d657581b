"""The look just before the destructive step, and how the host is to be rebuilt, written down before that begins."""

from __future__ import annotations

import logging

from shared.core.arm_ids import version_id
from shared.core.errors import AzureForbidden
from shared.core.names import REGISTER_HOST, SWAP
from shared.core.states import HostState
from shared.core.steps import NextAction, StepResult
from shared.models.azure import SessionHost, VirtualMachine, version_of
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import Disks, Found, Goal, Rollout, RolloutKind, goal_of
from shared.planning.rebuild import RecheckResult, disk_identity, must_return_to_rollout, recheck
from shared.rollouts.hosts import vm_marks
from shared.rollouts.hosts.context import HostContext, is_on_target
from shared.rollouts.old_disks.registry import find_kept_disk, register_disposable_disk, register_kept_disk
from shared.workflow.waiting import StepFailed

log = logging.getLogger("freshcoat.host")


def recheck_host(context: HostContext) -> StepResult:
    """Still drained, still empty, not where it is to be already.

    A host that is not drained and empty any more, or not in the pool any more, goes back to the rollout.
    Else its session host object is removed: the machine that comes back is a new one under the old name.
    """
    services, pool, row = context.services, context.pool, context.row
    machine = services.vms.find(row.vm_id)
    seen = services.host_pools.session_host(pool.host_pool_id, row.host)
    elsewhere = seen is None and row.removed_from_pool and _serves_elsewhere(context)
    if must_return_to_rollout(row, seen, elsewhere=elsewhere, rolling_back=context.rollout.rolling_back):
        return _back_to_the_rollout(context, seen)
    if machine is not None:
        machine = _with_original(context, machine)
    on_target = machine is not None and is_on_target(context, machine)
    in_use = not on_target and seen is not None and _in_use(context, seen)
    match recheck(machine, context.row, seen, context.rollout.kind, on_target=on_target, in_use=in_use):
        case RecheckResult.RETURN_TO_ROLLOUT:
            return _back_to_the_rollout(context, seen)
        case RecheckResult.NO_VM:
            raise StepFailed("the VM no longer exists")
        case RecheckResult.KEEP_SERVING:
            context.note_rebuild(completed_step=REGISTER_HOST)
            context.note(version=goal_of(context.rollout, row).version, removed_from_pool=False)
            context.move(HostState.JOINING)
            context.move(HostState.VERIFYING)
            return StepResult(NextAction.NEXT)
        case RecheckResult.ALREADY_REBUILT if seen is None:
            return StepResult(NextAction.NEXT)
        case RecheckResult.REBUILD:
            if machine is not None and not row.rebuild.strategy:
                _decide(context, machine)
            context.machine = machine
    # Before it is: after a crash, no list would show the host any more. And who does not drive it any more, ends here.
    context.save(removed_from_pool=True)
    services.host_pools.remove_session_host(pool.host_pool_id, row.host)
    return StepResult(NextAction.NEXT)


def _with_original(context: HostContext, machine: VirtualMachine) -> VirtualMachine:
    """The VM with our mark, which its drain has given it.

    One that is out of the host pool since an attempt that failed is not drained anew, and has its tags and its disk's
    delete option back since then: autoscale would take it for its own as soon as it registers.
    """
    tags, keep = (
        vm_marks.tags_while_held(machine, context.rollout),
        vm_marks.delete_option_to_set(machine, context.rollout),
    )
    if tags == machine.tags and not keep:
        return machine
    if not context.row.found.prior_tags:
        context.row = vm_marks.record_original(context.row, machine)
        context.save()
    context.services.vms.update(machine.id, tags=tags, os_disk_delete_option=keep)
    return machine.model_copy(update={"tags": tags, "os_disk_delete_option": keep or machine.os_disk_delete_option})


def _serves_elsewhere(context: HostContext) -> bool:
    """Whether the host has been registered in another host pool since an earlier rollout took it out of this one.

    Nobody looks after a host that a rollout has failed on: somebody may have put its VM to use by hand. Within one
    rollout there is no time for that, and no call is spent.
    """
    row = context.row
    if not row.drained_by_earlier_failure:
        return False
    try:
        other = context.services.host_pools.registered_elsewhere(context.pool.host_pool_id, row.vm_id)
    except AzureForbidden as forbidden:
        log.warning("rollout %s: whether %s is in another host pool is not known: %s", row.rollout, row.host, forbidden)
        return False
    if other:
        log.warning("rollout %s: %s is in host pool %s now, it is left alone", row.rollout, row.host, other)
    return bool(other)


def recheck_if_rolled_back(context: HostContext) -> StepResult | None:
    """`again` when the host has registered since it was taken out of the pool, and so may have people; else None.

    A registration of an earlier attempt, whose end nobody saw, may still have been under way. In a first attempt none
    is, and no call is spent.
    """
    row = context.row
    if row.attempt == 1 and not row.drained_by_earlier_failure:
        return None
    if context.services.host_pools.session_host(context.pool.host_pool_id, row.host) is None:
        return None
    context.note_rebuild(completed_step="")
    context.note(removed_from_pool=False)
    return StepResult(NextAction.RESTART)


def _back_to_the_rollout(context: HostContext, seen: SessionHost | None) -> StepResult:
    row = context.row
    drained_at = row.drain.drained_at if seen is not None and not seen.accepting else None
    context.move(
        HostState.DRAINING,
        drain=row.drain.replace(drained_at=drained_at, empty_since=None),
        sessions=seen.sessions if seen else 0,
        rebuild=row.rebuild.replace(strategy=""),
        disks=row.disks.replace(old_id=None),
        vm_body=None,
        removed_from_pool=False,
        step="a user signed in again; waiting",
    )
    return StepResult(NextAction.STOP)


def _in_use(context: HostContext, seen: SessionHost) -> bool:
    """Whether the host accepts or holds a session: the count of the broker and its list must both say no."""
    if seen.accepting or seen.sessions:
        return True
    return bool(context.services.host_pools.host_sessions(context.pool.host_pool_id, context.row.host))


def _decide(context: HostContext, machine: VirtualMachine) -> None:
    """Write down how this host is rebuilt, and all that is needed for it, before anything is destroyed."""
    kept = _kept_disk(context, machine)
    goal = goal_of(context.rollout, context.row)
    strategy = SWAP if kept else str(strategy_for(context.rollout, context.pool, machine, goal))
    body = context.services.vms.recreation_body(machine.id) if strategy == Strategy.REPLACE else None
    if strategy != SWAP and machine.os_disk_id:
        _record_disk(context, machine, machine.os_disk_id)
    # What tells nothing after a re-image is not noted: then only `rebuilt` says that it went through.
    tells = strategy == Strategy.REPLACE or not machine.ephemeral
    refreshes = context.rollout.kind is RolloutKind.REFRESH
    stale = disk_identity(machine) if refreshes and tells else context.row.disks.stale_id
    context.note_rebuild(strategy=strategy)
    context.note(
        disks=Disks(old_id=machine.os_disk_id, kept_id=kept, stale_id=stale),
        location=machine.location,
        vm_body=body.model_dump() if body else None,
        found=_was_on(context.row.found, machine, goal) if refreshes else context.row.found,
    )


def _record_disk(context: HostContext, machine: VirtualMachine, disk_id: str) -> None:
    """Note the disk that the host leaves: nobody wants to go back to what is being rolled back."""
    if not _rolls_back(context):
        made_from = context.disk_version(disk_id)
        register_kept_disk(context.services, context.rollout, context.row, machine, made_from or "")
    elif machine.os_disk_delete_option == "Detach":
        register_disposable_disk(context.services, context.rollout, context.row, disk_id)


def _rolls_back(context: HostContext) -> bool:
    return context.row.rolling_back or context.rollout.kind is RolloutKind.ROLL_BACK


def _was_on(found: Found, machine: VirtualMachine, goal: Goal) -> Found:
    """What a host is on before it is made fresh: a refresh goes on for long, and the first time says little by then."""
    known = machine.definition_id and machine.version
    return found.replace(
        from_version=version_of(machine, goal.definition_id),
        from_version_id=version_id(machine.definition_id or "", machine.version or "") if known else "",
    )


def _kept_disk(context: HostContext, machine: VirtualMachine) -> str | None:
    """The kept OS disk with the version the host goes back to; None when there is none to be swapped in.

    Only for a first attempt: what did not come back to life on its old disk is re-imaged. The VM's own image definition
    must be that of the disk, since nothing but a tag says afterwards which version the VM is on.
    """
    row, goal = context.row, goal_of(context.rollout, context.row)
    same = (machine.definition_id or "").lower() == goal.definition_id.lower()
    if not _rolls_back(context) or row.attempt > 1 or row.disks.stale_id or machine.ephemeral or not same:
        return None
    found = find_kept_disk(context.services, context.pool.name, row.vm_id, goal.version_id)
    return found.disk_id if found else None


def strategy_for(rollout: Rollout, pool: Pool, machine: VirtualMachine, goal: Goal) -> Strategy:
    """Re-image or replace this VM to bring it to its goal.

    Re-imaging reaches only versions of the definition the VM was made from, and an ephemeral disk only
    goes back to the version it had (azure-facts 1.2): such VMs are replaced whatever `auto` has found out.
    """
    wanted = rollout.policy.strategy
    if wanted is not Strategy.AUTO:
        return wanted
    other = machine.definition_id is None or machine.definition_id.lower() != goal.definition_id.lower()
    another_version = rollout.kind is not RolloutKind.REFRESH or machine.version != goal.version
    if other or (machine.ephemeral and another_version) or pool.reimage is ReimageSupport.UNSUPPORTED:
        return Strategy.REPLACE
    return Strategy.REIMAGE
