"""What is changed on a host while a rollout has it, and how that is given back. Pure.

While we have a host, autoscale must leave it alone (`ScalingPlanExclusion`), its drain must be known as
ours, and its OS disk must outlive the VM's rebuild. What stood there before is remembered in the row
before anything is changed, so that it can be given back after any crash.
"""

from __future__ import annotations

from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG, SWAPPED_TAG
from shared.models.azure import VirtualMachine, swapped_version
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind

EXCLUDED = "freshcoat"
"""Our value of the exclusion tag; another one is an operator's."""
TAG_LENGTH = 256
"""Longest value ARM takes for a tag."""


def record_original(row: RolloutHost, machine: VirtualMachine) -> RolloutHost:
    """The row with what has to be given back, noted at the first drain only: later, what stands there is ours."""
    row = row.replace(location=machine.location)
    if row.found.prior_tags:
        return row
    exclusion = machine.tags.get(EXCLUSION_TAG)
    found = row.found.replace(
        prior_tags={EXCLUSION_TAG: None if exclusion == EXCLUDED else exclusion},
        prior_delete_option=machine.os_disk_delete_option,
        # One that an earlier rollout has failed on may have been switched off by that: it was on before.
        was_off=not machine.running and not row.drained_by_earlier_failure,
    )
    return row.replace(found=found)


def tags_while_held(machine: VirtualMachine, rollout: Rollout) -> dict[str, str]:
    """The VM's tags while we have it."""
    void = {FAILED_TAG} if swapped_version(machine.tags, machine.os_disk_id) else {FAILED_TAG, SWAPPED_TAG}
    tags = {name: value for name, value in machine.tags.items() if name not in void}
    return tags | {EXCLUSION_TAG: EXCLUDED, ROLLOUT_TAG: rollout.id}


def tags_after_release(machine: VirtualMachine, row: RolloutHost) -> dict[str, str]:
    """The VM's tags after we gave it back. What keeps autoscale away is ours only with our value."""
    ours = {ROLLOUT_TAG, FAILED_TAG} | ({EXCLUSION_TAG} if machine.tags.get(EXCLUSION_TAG) == EXCLUDED else set())
    tags = {name: value for name, value in machine.tags.items() if name not in ours}
    return tags | {name: value for name, value in row.found.prior_tags.items() if value is not None}


def tags_after_failure(machine: VirtualMachine, row: RolloutHost, reason: str) -> dict[str, str]:
    """The VM's tags after its update failed: autoscale may have it, our drain stays known as ours."""
    return tags_after_release(machine, row) | {ROLLOUT_TAG: row.rollout, FAILED_TAG: reason[:TAG_LENGTH]}


def delete_option_to_set(machine: VirtualMachine, rollout: Rollout) -> str | None:
    """The delete option to set so that the old OS disk is kept, or for a refresh goes; None when it needs no change.

    A used disk is nothing to go back to, and there would be one more after each use.
    """
    if rollout.kind is RolloutKind.REFRESH:
        return "Delete" if machine.os_disk_delete_option == "Detach" and not machine.ephemeral else None
    if rollout.policy.keep_old_disk_days == 0 or machine.ephemeral or machine.os_disk_delete_option == "Detach":
        return None
    return "Detach"
