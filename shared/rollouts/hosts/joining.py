"""Around the join of a host: its device in Entra ID, a trust that still holds, and why a domain join failed."""

from __future__ import annotations

import logging

from shared.core.codes import Code
from shared.core.errors import AzureConflict, AzureRefused
from shared.core.names import JOIN_HOST
from shared.core.steps import NextAction, StepResult
from shared.models.directory import Device, DirectoryCleanup, JoinFacts
from shared.models.messages import message
from shared.models.pools import DomainJoin, EntraJoin
from shared.planning.join import devices, trust
from shared.planning.join.devices import AskVm, DeviceMatch, ForeignDevice, NoDevice, OwnDevice
from shared.records.profiles import join_of, no_such_join_profile
from shared.rollouts.hosts.context import SHARED_READ_SECONDS, GivenUp, HostContext, poll_operation
from shared.workflow.waiting import StepFailed

log = logging.getLogger("freshcoat.host")

_DEVICE_GOES = message(Code.DEVICE_GOES, "waits until Entra ID has forgotten its old device")


def inspect(context: HostContext, purpose: str) -> JoinFacts | StepResult | None:
    """How the running VM says that it is joined. A StepResult while its script runs; None when it cannot be read.

    `purpose` makes it run again: Azure does not repeat an unchanged command.
    """
    vms, row = context.services.vms, context.row
    try:
        if row.operation is not None:
            waiting = poll_operation(context)
        else:
            tag = f"{context.attempt_tag}-{purpose}"
            waiting = poll_operation(context, vms.start_inspection(row.vm_id, row.location, tag))
        return waiting or vms.join_facts(row.vm_id)
    except AzureConflict:  # another operation runs on the VM: the step waits
        raise
    except AzureRefused as refused:
        log.warning("rollout %s: how %s is joined could not be read: %s", row.rollout, row.host, refused)
        return None


def join_now(context: HostContext) -> EntraJoin | DomainJoin:
    """How the pool's hosts join. The hosts share one reading of their join profile.

    Raises StepFailed when the pool's account has no join profile of that name any more.
    """
    services, pool = context.services, context.pool
    if isinstance(pool.join, EntraJoin):
        return pool.join
    key = ("join profile", pool.account, pool.join.profile)
    found = services.read_cache.get(key, SHARED_READ_SECONDS, lambda: join_of(services, pool))
    if found is None:
        raise StepFailed(no_such_join_profile(pool.account, pool.join.profile))
    return found


def check_device(context: HostContext) -> StepResult:
    """Before anything is destroyed: the host's name has no device in Entra ID, or one that is proved to be this VM's.

    Several devices, or somebody else's, would make the join after the rebuild fail, and must not be deleted.
    """
    if devices.cleanup_of(context.pool) is DirectoryCleanup.NONE:
        return StepResult(NextAction.NEXT)
    row = context.row
    found = context.services.directory.devices(devices.computer_name(row))
    match: DeviceMatch | StepResult = devices.match_device(found, row.vm_id)
    if isinstance(match, AskVm):
        match = _ask_vm(context, match.device)
    match match:
        case StepResult():
            return match
        case ForeignDevice(reason):
            raise GivenUp(reason)
        case OwnDevice(device):
            context.note_rebuild(device=device.id, device_id=device.device_id)
    return StepResult(NextAction.NEXT)


def _ask_vm(context: HostContext, device: Device) -> DeviceMatch | StepResult:
    """Whose a device is that does not say so. A VM that is off cannot be asked; then the only device of its name counts
    as its own."""
    vm = context.services.vms.find(context.row.vm_id)
    if context.row.operation is None and (vm is None or not vm.running):
        return OwnDevice(device)
    context.note(location=context.row.location or (vm.location if vm else ""))
    facts = inspect(context, "device")
    if facts is None:
        raise StepFailed(f"whether the device {device.name} in Entra ID is this VM's could not be read")
    return facts if isinstance(facts, StepResult) else devices.answer_of_vm(device, facts)


def prepare_join(context: HostContext) -> StepResult:
    """Skip the join where the VM is joined and trusted; else delete the host's old device and wait until it is gone.

    Joining over a trust that holds breaks it (azure-facts 11), and so would deleting its device.
    """
    if trust.may_be_joined(context.row) and not context.row.rebuild.trust_checked:
        facts = inspect(context, "trust")
        if isinstance(facts, StepResult):
            return facts
        if facts is not None and trust.trust_holds(facts, join_now(context)):
            context.note_rebuild(completed_step=JOIN_HOST)
            return StepResult(NextAction.NEXT)
        context.note_rebuild(trust_checked=True)
    return _clear_device(context)


def _clear_device(context: HostContext) -> StepResult:
    cleanup, rebuild = devices.cleanup_of(context.pool), context.row.rebuild
    if cleanup is DirectoryCleanup.NONE:
        return StepResult(NextAction.NEXT)
    directory, name = context.services.directory, devices.computer_name(context.row)
    if cleanup is DirectoryCleanup.ENTRA_INTUNE and rebuild.device_id:
        for managed in directory.managed_devices(name):
            if managed.device_id == rebuild.device_id:  # others of this name may be anybody's
                directory.remove_managed_device(managed.id)
    match devices.match_device(directory.devices(name), context.row.vm_id, known=rebuild.device):
        case NoDevice():
            context.note(reason=None)
            return StepResult(NextAction.NEXT)
        case OwnDevice(device):
            directory.remove_device(device.id)
            context.note(reason=_DEVICE_GOES)
            return StepResult(NextAction.WAIT, context.services.settings.operation_poll)
        case AskVm(device):
            raise GivenUp(devices.foreign(device).reason)
        case ForeignDevice(reason):
            raise GivenUp(reason)


def explain_failure(context: HostContext) -> StepResult:
    """After a failed domain join: read the end of netsetup.log, and fail with the cause that it names."""
    facts = inspect(context, "failure")
    if isinstance(facts, StepResult):
        return facts
    raise StepFailed(trust.join_failure(context.row.rebuild.join_error, facts))
