"""What to do next with a host that is being rebuilt: a rebuild action from the VM and the row as they are. Pure.

A crash repeats nothing destructive, because the next action follows from the VM. What has finished once in an attempt
is not requested again, whatever the disk then says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.core.names import SWAP
from shared.models.azure import HEALTHY_STATUSES, Disk, SessionHost, VirtualMachine, version_of
from shared.models.policy import Strategy
from shared.models.rollouts import Goal, RolloutHost, RolloutKind

CHANGING = frozenset({"Creating", "Updating", "Deleting", "Migrating"})
"""ARM provisioning states in which an operation is under way on the VM."""

SWITCHED_OFF = frozenset({"deallocated", "stopped"})


class RecheckResult(StrEnum):
    """What the recheck before the first destructive call leads to."""

    RETURN_TO_ROLLOUT = "return_to_rollout"
    """The host is in use, or not ours: the rollout decides about it again."""
    KEEP_SERVING = "keep_serving"
    """On its target and registered, and healthy or in use: neither joined nor registered again."""
    ALREADY_REBUILT = "already_rebuilt"
    """On its target: nothing destructive is left to do."""
    REBUILD = "rebuild"
    NO_VM = "no_vm"
    """The VM is gone, and nothing is recorded to create it again."""


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
    """Re-image the VM in place. `record_first`: the disk cannot tell afterwards, so the request is recorded before."""

    version: str
    record_first: bool = False


@dataclass(frozen=True)
class Delete:
    """Delete the VM; it is created again next."""


@dataclass(frozen=True)
class Create:
    """Create the VM again from its recorded body."""

    body: dict[str, Any]
    version_id: str


@dataclass(frozen=True)
class SwitchToReplace:
    """Re-imaging did not bring the target version: replace the VM instead. `discard_disk`: nobody wants its disk."""

    vm: VirtualMachine
    discard_disk: bool


@dataclass(frozen=True)
class SwitchOff:
    """Deallocate the VM, so that its disk can be swapped."""


@dataclass(frozen=True)
class Swap:
    """Put the kept OS disk under the VM."""

    vm: VirtualMachine
    disk: Disk


@dataclass(frozen=True)
class Fail:
    """This attempt cannot succeed."""

    reason: str


type RebuildAction = (
    Finished | PowerOn | Wait | Reimage | Delete | Create | SwitchToReplace | SwitchOff | Swap | Fail
)  # fmt: skip


def disk_identity(vm: VirtualMachine) -> str | None:
    """What distinguishes the VM's disk from the earlier one. An ephemeral disk is no resource: a replaced VM has a new
    id, but after a re-image nothing differs."""
    return vm.unique_id if vm.ephemeral else vm.os_disk_id


def may_be_on_target(vm: VirtualMachine, row: RolloutHost, kind: RolloutKind) -> bool:
    """Whether the version of the VM's disk counts at all: not of a disk that has to go."""
    if row.disks.stale_id is not None and row.disks.stale_id == disk_identity(vm):
        return False
    # A used disk has the version already, so that proves nothing.
    return kind is not RolloutKind.REFRESH or row.disks.stale_id is not None or row.rebuild.rebuilt


def has_version(vm: VirtualMachine, goal: Goal, disk_version: str | None) -> bool:
    """Whether the VM is on this version; `disk_version`: the version its disk says it was made from, if it says so."""
    if disk_version is None:
        return version_of(vm, goal.definition_id) == goal.version
    return disk_version.lower() == goal.version_id.lower()


def must_return_to_rollout(row: RolloutHost, seen: SessionHost | None, *, elsewhere: bool, rolling_back: bool) -> bool:
    """Whether the rollout has to decide about the host again, before anything is changed on its VM.

    `elsewhere`: another host pool has the host; `rolling_back`: the whole rollout rolls back.
    """
    if seen is None and (not row.removed_from_pool or elsewhere):
        return True  # somebody else removed it from the pool, and it may serve others
    untouched = not row.rebuild.strategy and not row.removed_from_pool
    return rolling_back and not row.rolling_back and untouched


def recheck(
    vm: VirtualMachine | None, row: RolloutHost, seen: SessionHost | None, kind: RolloutKind, *,
    on_target: bool, in_use: bool,
) -> RecheckResult:  # fmt: skip
    """What the state just before the first destructive call leads to. `in_use`: the host accepts or has a session."""
    if on_target:
        serves = seen is not None and (seen.status in HEALTHY_STATUSES or seen.sessions > 0)
        return RecheckResult.KEEP_SERVING if serves else RecheckResult.ALREADY_REBUILT
    if in_use:
        return RecheckResult.RETURN_TO_ROLLOUT
    if vm is None and row.vm_body is None:
        # Nothing of the host is left. A refresh forgets hosts that have left the pool.
        gone = seen is None and kind is RolloutKind.REFRESH
        return RecheckResult.RETURN_TO_ROLLOUT if gone else RecheckResult.NO_VM
    return RecheckResult.REBUILD


def action_for_provisioning(vm: VirtualMachine, row: RolloutHost) -> Wait | Fail | None:
    """What the provisioning state of the VM alone calls for; None: the rest decides."""
    if vm.provisioning in CHANGING:
        return Wait()
    if vm.provisioning == "Failed" and row.rebuild.reimage_requested and row.rebuild.rebuilt:
        return Fail("re-imaging has failed")
    return None


def next_rebuild_action(
    vm: VirtualMachine | None, row: RolloutHost, goal: Goal, *, on_target: bool, strategy: Strategy,
    kept_disk: Disk | None = None,
) -> RebuildAction:  # fmt: skip
    """The next action that brings the VM to its goal.

    `strategy` is the policy's; `kept_disk` is the disk to swap in as it is now, None when it does not exist.
    """
    if vm is not None and on_target:
        return Finished() if vm.running else PowerOn()
    if vm is not None and row.rebuild.strategy == SWAP:
        return _swap(vm, kept_disk)
    replaces = row.rebuild.strategy == Strategy.REPLACE
    another_disk = vm is not None and row.disks.old_id not in (None, vm.os_disk_id)
    if row.rebuild.rebuilt or (another_disk and not replaces):
        return _after_wrong_version(vm, row, goal, strategy)
    if vm is None:
        if row.vm_body is None:
            return Fail("the VM does not exist any more")
        return Create(row.vm_body, goal.version_id)
    if replaces:
        return Delete() if row.vm_body is not None else Fail("nothing is recorded to create the VM again with")
    return Reimage(goal.version, record_first=vm.ephemeral and not row.rebuild.reimage_requested)


def _swap(vm: VirtualMachine, kept: Disk | None) -> RebuildAction:
    """A disk that is gone or was attached elsewhere fails the attempt: the next attempt re-images."""
    if kept is None or kept.attached_to:
        return Fail("its kept OS disk is gone, or in use elsewhere")
    return Swap(vm, kept) if vm.power in SWITCHED_OFF else SwitchOff()


def _after_wrong_version(vm: VirtualMachine | None, row: RolloutHost, goal: Goal, strategy: Strategy) -> RebuildAction:
    """The rebuild has finished, but the disk is not the target version. `auto` then replaces the VM, once."""
    if vm is None or strategy is not Strategy.AUTO or row.rebuild.strategy != Strategy.REIMAGE:
        return Fail(f"the rebuilt VM is not on {goal.version}; is the strategy right for this pool?")
    return SwitchToReplace(vm, discard_disk=vm.os_disk_id != row.disks.old_id)
