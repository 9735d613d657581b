"""Marks put on a VM while a rollout handles it: an autoscale exclusion tag, an owner tag for our drain, and "detach"
for the OS disk. Pure.

The original values are saved to the row first, so they can be restored after a crash.
"""

from __future__ import annotations

from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG, SWAPPED_TAG
from shared.models.azure import DeleteOption, VirtualMachine, swapped_version
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind

EXCLUDED = "freshcoat"
"""Our value of the exclusion tag; any other value is an operator's."""
TAG_LENGTH = 256
"""The longest tag value that ARM accepts."""


def record_original(row: RolloutHost, vm: VirtualMachine) -> RolloutHost:
    """The row with the VM's original state, recorded at the first drain only: later values are ours."""
    row = row.replace(location=vm.location)
    if row.found.prior_tags:
        return row
    exclusion = vm.tags.get(EXCLUSION_TAG)
    found = row.found.replace(
        prior_tags={EXCLUSION_TAG: None if exclusion == EXCLUDED else exclusion},
        prior_delete_option=vm.os_disk_delete_option,
        # An earlier rollout that failed on this host may have switched it off: originally it was on.
        was_off=not vm.running and not row.drained_by_earlier_failure,
    )
    return row.replace(found=found)


def tags_while_held(vm: VirtualMachine, rollout: Rollout) -> dict[str, str]:
    """The VM's tags while a rollout handles it."""
    void = {FAILED_TAG} if swapped_version(vm.tags, vm.os_disk_id) else {FAILED_TAG, SWAPPED_TAG}
    tags = {name: value for name, value in vm.tags.items() if name not in void}
    return tags | {EXCLUSION_TAG: EXCLUDED, ROLLOUT_TAG: rollout.id}


def tags_after_release(vm: VirtualMachine, row: RolloutHost) -> dict[str, str]:
    """The VM's tags after its release. The exclusion tag is ours only if it has our value."""
    ours = {ROLLOUT_TAG, FAILED_TAG} | ({EXCLUSION_TAG} if vm.tags.get(EXCLUSION_TAG) == EXCLUDED else set())
    tags = {name: value for name, value in vm.tags.items() if name not in ours}
    return tags | {name: value for name, value in row.found.prior_tags.items() if value is not None}


def tags_after_failure(vm: VirtualMachine, row: RolloutHost, reason: str) -> dict[str, str]:
    """The VM's tags after a failed update: autoscale gets it back, and our drain stays marked as ours."""
    return tags_after_release(vm, row) | {ROLLOUT_TAG: row.rollout, FAILED_TAG: reason[:TAG_LENGTH]}


def delete_option_to_set(vm: VirtualMachine, rollout: Rollout) -> DeleteOption | None:
    """The delete option that keeps the old OS disk, or for a refresh deletes it; None when no change is needed.

    A used disk is no target of a roll-back, and each use would leave one more.
    """
    detaches = vm.os_disk_delete_option == DeleteOption.DETACH
    if rollout.kind is RolloutKind.REFRESH:
        return DeleteOption.DELETE if detaches and not vm.ephemeral else None
    if rollout.policy.keep_old_disk_days == 0 or vm.ephemeral or detaches:
        return None
    return DeleteOption.DETACH
