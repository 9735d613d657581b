"""Marks put on a VM while a rollout handles it: an autoscale exclusion tag, an owner tag for our drain, and "detach"
for the OS disk. Pure.

The original values are saved to the row first, so they can be restored after a crash; and in a tag of the VM, because
storage that fails over may lose the row's last writes. A VM that is out of its host pool says in a tag whose it is.
"""

from __future__ import annotations

from shared.core.names import (
    EXCLUSION_TAG,
    FAILED_TAG,
    ORIGINAL_TAG,
    OUT_TAG,
    ROLLOUT_TAG,
    SWAPPED_TAG,
    short_hash,
)
from shared.core.states import HostState
from shared.models.azure import DeleteOption, VirtualMachine, swapped_version
from shared.models.host_parts import Found
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind

EXCLUDED = "freshcoat"
"""Our value of the exclusion tag; any other value is an operator's."""
TAG_LENGTH = 256
"""The longest tag value that ARM accepts."""


def record_original(row: RolloutHost, vm: VirtualMachine) -> RolloutHost:
    """The row with the VM's original state, recorded at the first drain only: later values are ours.

    A VM that carries our mark already says itself how it was.
    """
    row = row.replace(location=vm.location)
    if row.found.prior_tags:
        return row
    if original := original_of(vm, row.found):
        return row.replace(found=original)
    exclusion = vm.tags.get(EXCLUSION_TAG)
    found = row.found.replace(
        prior_tags={EXCLUSION_TAG: None if exclusion == EXCLUDED else exclusion},
        prior_delete_option=vm.os_disk_delete_option,
        # An earlier rollout that failed on this host may have switched it off: originally it was on.
        was_off=not vm.running and not row.drained_by_earlier_failure,
    )
    return row.replace(found=found)


_OFF, _DRAINED, _EXCLUSION = "off", "drained", "exclusion="


def _original(found: Found) -> dict[str, str]:
    """The tag that says how the VM was: words, and last the former value of the exclusion tag. Empty if it is too long
    for a tag, or not known."""
    if not found.prior_tags:
        return {}
    exclusion = found.prior_tags.get(EXCLUSION_TAG)
    words = [
        str(found.prior_delete_option or "-"),
        _OFF if found.was_off else "on",
        _DRAINED if found.operator_drained else "accepting",
        *([] if exclusion is None else [f"{_EXCLUSION}{exclusion}"]),
    ]
    text = " ".join(words)
    return {ORIGINAL_TAG: text} if len(text) <= TAG_LENGTH else {}


def original_of(vm: VirtualMachine, found: Found) -> Found | None:
    """How a VM with our mark was before, by its tag; None without the mark or the tag."""
    parts = vm.tags.get(ORIGINAL_TAG, "").split(" ", 3)
    if ROLLOUT_TAG not in vm.tags or len(parts) < 3:
        return None
    option, power, drain, *rest = parts
    exclusion = rest[0].removeprefix(_EXCLUSION) if rest else None
    return found.replace(
        prior_tags={EXCLUSION_TAG: exclusion},
        prior_delete_option=DeleteOption(option) if option in set(DeleteOption) else None,
        was_off=power == _OFF,
        operator_drained=drain == _DRAINED,
    )


def tags_while_held(vm: VirtualMachine, rollout: Rollout, row: RolloutHost) -> dict[str, str]:
    """The VM's tags while a rollout handles it."""
    void = {FAILED_TAG} if swapped_version(vm.tags, vm.os_disk_id) else {FAILED_TAG, SWAPPED_TAG}
    void |= set() if row.removed_from_pool else {OUT_TAG}
    tags = {name: value for name, value in vm.tags.items() if name not in void}
    return tags | {EXCLUSION_TAG: EXCLUDED, ROLLOUT_TAG: rollout.id} | _original(row.found)


def tags_while_out(vm: VirtualMachine, pool: Pool, row: RolloutHost) -> dict[str, str]:
    """The VM's tags from just before its session host is removed until it has joined again."""
    return vm.tags | {OUT_TAG: f"{pool.name} {row.host} {short_hash(pool.host_pool_id)}"[:TAG_LENGTH]}


def host_out_of(pool: Pool, vm: VirtualMachine) -> str:
    """The session host that a VM was in this pool before we removed it, by its tags; empty if we did not.

    Removing our tags from a VM releases it for other uses.
    """
    _, host, host_pool = (*vm.tags.get(OUT_TAG, "").split(" "), "", "", "")[:3]
    ours = ROLLOUT_TAG in vm.tags and host_pool == short_hash(pool.host_pool_id)
    return host.lower() if ours else ""


def tags_after_release(vm: VirtualMachine, row: RolloutHost) -> dict[str, str]:
    """The VM's tags after its release. The exclusion tag is ours only if it has our value."""
    ours = {ROLLOUT_TAG, FAILED_TAG, ORIGINAL_TAG, OUT_TAG}
    ours |= {EXCLUSION_TAG} if vm.tags.get(EXCLUSION_TAG) == EXCLUDED else set()
    tags = {name: value for name, value in vm.tags.items() if name not in ours}
    return tags | {name: value for name, value in row.found.prior_tags.items() if value is not None}


def tags_after_failure(vm: VirtualMachine, row: RolloutHost, reason: str) -> dict[str, str]:
    """The VM's tags after a failed update: autoscale gets it back, and our drain stays marked as ours."""
    kept = {ROLLOUT_TAG: row.rollout, FAILED_TAG: reason[:TAG_LENGTH]} | _original(row.found)
    if row.removed_from_pool and OUT_TAG in vm.tags:
        kept[OUT_TAG] = vm.tags[OUT_TAG]
    return tags_after_release(vm, row) | kept


def is_left_marked(vm: VirtualMachine, row: RolloutHost) -> bool:
    """Whether the VM of a host that has ended still has what its rollout put on it. A failed host keeps its mark."""
    mark = vm.tags.get(ROLLOUT_TAG)
    if mark not in (None, row.rollout):
        return False
    kept = row.state is HostState.FAILED and FAILED_TAG in vm.tags
    ours = vm.tags.get(EXCLUSION_TAG) == EXCLUDED or (mark is not None and not kept)
    return ours or row.found.prior_delete_option not in (None, vm.os_disk_delete_option)


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
