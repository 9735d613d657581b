"""Bringing a host back fast: its kept OS disk is put under the VM again (azure-facts 1.2, 1.6)."""

from __future__ import annotations

from shared.core.names import SWAPPED_TAG
from shared.core.steps import Outcome, Then
from shared.models.azure import Machine
from shared.models.rollouts import goal_of
from shared.publishing.kept_disks import note_left
from shared.publishing.step import Work, carry_on
from shared.workflow.waiting import StepFailed

AT_ONCE = 1.0
"""Seconds until a step is called again that has more to do."""


def swap_disk(work: Work, machine: Machine) -> Outcome:
    """Switch the VM off, note which disk it leaves, put the kept one under it. Called again until it is on that.

    What to do next follows from the VM as it is. A disk that has gone or was taken meanwhile fails the attempt: the
    next one re-images.
    """
    services, row = work.services, work.row
    kept = row.kept_disk_id
    disk = services.machines.disk(kept) if kept else None
    if kept is None or disk is None or disk.attached_to:
        raise StepFailed("its kept OS disk is gone, or in use elsewhere")
    if machine.power not in {"deallocated", "stopped"}:
        return carry_on(work, services.machines.start_deallocate(machine.id)) or Outcome(Then.WAIT, AT_ONCE)
    if machine.os_disk_id:
        note_left(services, work.rollout, row, machine.os_disk_id)
    tags = {**machine.tags, SWAPPED_TAG: f"{goal_of(work.rollout, row).version} {disk.name}"}
    if tags != machine.tags:
        services.machines.update(machine.id, tags=tags)
    return carry_on(work, services.machines.start_swap(machine.id, kept)) or Outcome(Then.WAIT, AT_ONCE)
