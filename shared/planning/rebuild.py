"""What to do next with a host that is being rebuilt: a rebuild action from the VM and the row as they are. Pure.

A crash repeats nothing destructive, because the next action follows from the VM as it is now. An attempt requests each
rebuild only once, whatever version the disk has afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.core.names import SWAP
from shared.models.azure import (
    HEALTHY_STATUSES,
    Disk,
    PowerState,
    ProvisioningState,
    SessionHost,
    VirtualMachine,
    version_of,
)
from shared.models.policy import Strategy
from shared.models.rollouts import Goal, RolloutHost, RolloutKind

CHANGING = frozenset(
    {ProvisioningState.CREATING, ProvisioningState.UPDATING, ProvisioningState.DELETING, ProvisioningState.MIGRATING}
)
"""ARM provisioning states in which an operation is under way on the VM."""

_NOT_RECORDED = "the VM cannot be recreated: its configuration was not recorded"


class RecheckResult(StrEnum):
    """The result of the recheck just before the first destructive call."""

    RETURN_TO_ROLLOUT = "return_to_rollout"
    """The host is in use, or it is not ours: the rollout decides about it again."""
    KEEP_SERVING = "keep_serving"
    """The host is on its target version, and healthy or in use: it needs neither a join nor a registration."""
    ALREADY_REBUILT = "already_rebuilt"
    """The host is on its target version: nothing destructive is left to do."""
    REBUILD = "rebuild"
    NO_VM = "no_vm"
    """The VM does not exist, and its configuration was not recorded, so it cannot be created again."""


@dataclass(frozen=True)
class Finished:
    """The VM is on its target and runs."""


@dataclass(frozen=True)
class PowerOn:
    """Switch the VM on: it is on its target."""


@dataclass(frozen=True)
class Wait:
    """Another operation is under way on the VM."""


@dataclass(frozen=True)
class Reimage:
    """Re-image the VM in place. `record_first`: save the request first, because the disk does not show it later."""

    version: str
    record_first: bool = False


@dataclass(frozen=True)
class Delete:
    """Delete the VM, to create it again next."""


@dataclass(frozen=True)
class Create:
    """Create the VM again from its recorded body."""

    body: dict[str, Any]
    version_id: str


@dataclass(frozen=True)
class RestoreExtension:
    """Install an extension of the deleted VM on its successor."""

    extension: dict[str, Any]


@dataclass(frozen=True)
class SwitchToReplace:
    """Replace the VM, because re-imaging did not install the target version. `discard_disk`: do not keep its disk."""

    vm: VirtualMachine
    discard_disk: bool


@dataclass(frozen=True)
class SwitchOff:
    """Deallocate the VM, so that its disk can be swapped."""


@dataclass(frozen=True)
class Swap:
    """Attach the kept OS disk to the VM as its OS disk."""

    vm: VirtualMachine
    disk: Disk


@dataclass(frozen=True)
class Fail:
    """This attempt cannot succeed."""

    reason: str


type RebuildAction = (
    Finished | PowerOn | Wait | Reimage | Delete | Create | RestoreExtension | SwitchToReplace | SwitchOff | Swap | Fail
)  # fmt: skip


def disk_identity(vm: VirtualMachine) -> str | None:
    """An id that changes when the VM gets a new OS disk.

    An ephemeral disk is not a resource, so the VM's own id is used. It changes when the VM is replaced, but not when it
    is re-imaged.
    """
    return vm.unique_id if vm.ephemeral else vm.os_disk_id


def may_be_on_target(vm: VirtualMachine, row: RolloutHost, kind: RolloutKind) -> bool:
    """Whether the version of the VM's disk counts; that of a disk which must be replaced does not."""
    if row.disks.stale_id is not None and row.disks.stale_id == disk_identity(vm):
        return False
    # In a refresh the used disk already has the target version, so the version alone proves nothing.
    return kind is not RolloutKind.REFRESH or row.disks.stale_id is not None or row.rebuild.rebuilt


def has_version(vm: VirtualMachine, goal: Goal, disk_version: str | None) -> bool:
    """Whether the VM runs this version. `disk_version` is the version that its disk was created from, if known."""
    if disk_version is None:
        return version_of(vm, goal.definition_id) == goal.version
    return disk_version.lower() == goal.version_id.lower()


def must_return_to_rollout(row: RolloutHost, seen: SessionHost | None, *, elsewhere: bool, rolling_back: bool) -> bool:
    """Whether the rollout has to decide about the host again, before anything is changed on its VM.

    `elsewhere`: another host pool has the host; `rolling_back`: the whole rollout rolls back.
    """
    if seen is None and (not row.removed_from_pool or elsewhere):
        return True  # somebody else removed it from the pool, so it may serve another one
    untouched = not row.rebuild.strategy and not row.removed_from_pool
    return rolling_back and not row.rolling_back and untouched


def recheck(
    vm: VirtualMachine | None, row: RolloutHost, seen: SessionHost | None, kind: RolloutKind, *,
    on_target: bool, in_use: bool,
) -> RecheckResult:  # fmt: skip
    """Decide from the state just before the first destructive call. `in_use`: the host accepts or has a session."""
    if on_target:
        serves = seen is not None and (seen.status in HEALTHY_STATUSES or seen.sessions > 0)
        return RecheckResult.KEEP_SERVING if serves else RecheckResult.ALREADY_REBUILT
    if in_use:
        return RecheckResult.RETURN_TO_ROLLOUT
    if vm is None and row.vm_body is None:
        # Neither VM nor session host exists. A refresh drops hosts that have left the pool.
        gone = seen is None and kind is RolloutKind.REFRESH
        return RecheckResult.RETURN_TO_ROLLOUT if gone else RecheckResult.NO_VM
    return RecheckResult.REBUILD


def action_for_provisioning(vm: VirtualMachine, row: RolloutHost) -> Wait | Fail | None:
    """The action that follows from the VM's provisioning state alone; None: other facts decide."""
    if vm.provisioning in CHANGING:
        return Wait()
    if vm.provisioning == ProvisioningState.FAILED and row.rebuild.reimage_requested and row.rebuild.rebuilt:
        return Fail("re-imaging failed")
    return None


def next_rebuild_action(
    vm: VirtualMachine | None, row: RolloutHost, goal: Goal, *, on_target: bool, strategy: Strategy,
    kept_disk: Disk | None = None,
) -> RebuildAction:  # fmt: skip
    """The next action that brings the VM to its goal.

    `strategy` is the policy's; `kept_disk` is the disk to swap in as it is now, None when it does not exist.
    """
    if vm is not None and on_target:
        return (_next_extension(row) or Finished()) if vm.running else PowerOn()
    if vm is not None and row.rebuild.strategy == SWAP:
        return _swap(vm, kept_disk)
    replaces = row.rebuild.strategy == Strategy.REPLACE
    another_disk = vm is not None and row.disks.old_id not in (None, vm.os_disk_id)
    if row.rebuild.rebuilt or (another_disk and not replaces):
        return _after_wrong_version(vm, row, goal, strategy)
    if vm is None:
        if row.vm_body is None:
            return Fail("the VM no longer exists")
        return Create(row.vm_body, goal.version_id)
    if replaces:
        return Delete() if row.vm_body is not None else Fail(_NOT_RECORDED)
    return Reimage(goal.version, record_first=vm.ephemeral and not row.rebuild.reimage_requested)


def _next_extension(row: RolloutHost) -> RestoreExtension | None:
    """The next extension to be put back on a replaced VM; None when there is none."""
    if row.rebuild.strategy != Strategy.REPLACE or not row.vm_body:
        return None
    left = list(row.vm_body.get("extensions") or ())[row.rebuild.extensions_restored :]
    return RestoreExtension(left[0]) if left else None


def with_disk_for(body: dict[str, Any], image_gb: int | None) -> dict[str, Any]:
    """The ARM body of a VM with an OS disk that is not smaller than the image's: Azure refuses a smaller one."""
    storage = (body.get("properties") or {}).get("storageProfile") or {}
    size = (storage.get("osDisk") or {}).get("diskSizeGB")
    if image_gb is None or size is None or int(size) >= image_gb:
        return body
    disk = storage["osDisk"] | {"diskSizeGB": image_gb}
    return body | {"properties": body["properties"] | {"storageProfile": storage | {"osDisk": disk}}}


def swap_problem(vm: VirtualMachine, kept: Disk) -> str:
    """Why Azure would refuse to swap in this disk, whose size, storage type and security type must be those of the VM's
    own disk (azure-facts 11.7); empty when it would not. What is unknown counts as equal."""
    if vm.os_disk_gb and kept.size_gb and vm.os_disk_gb != kept.size_gb:
        return f"its kept OS disk has {kept.size_gb} GB, its own disk {vm.os_disk_gb} GB"
    if vm.os_disk_type and kept.storage_type and vm.os_disk_type != kept.storage_type:
        return f"its kept OS disk is of type {kept.storage_type}, its own disk of type {vm.os_disk_type}"
    if vm.security_type != kept.security_type:
        return "its kept OS disk has another security type than the VM"
    return ""


def _swap(vm: VirtualMachine, kept: Disk | None) -> RebuildAction:
    """Swap in the kept disk. If it is missing, attached elsewhere or of another kind, the attempt fails, and the next
    one re-images. A VM that is only stopped is not deallocated."""
    if kept is None or kept.attached_to:
        return Fail("its kept OS disk does not exist or is attached elsewhere")
    if problem := swap_problem(vm, kept):
        return Fail(problem)
    return Swap(vm, kept) if vm.power == PowerState.DEALLOCATED else SwitchOff()


def _after_wrong_version(vm: VirtualMachine | None, row: RolloutHost, goal: Goal, strategy: Strategy) -> RebuildAction:
    """The rebuild has finished, but the disk has another version. The strategy `auto` then replaces the VM, once."""
    if vm is None or strategy is not Strategy.AUTO or row.rebuild.strategy != Strategy.REIMAGE:
        return Fail(f"the rebuilt VM does not run {goal.version}; check the pool's update strategy")
    return SwitchToReplace(vm, discard_disk=vm.os_disk_id != row.disks.old_id)
