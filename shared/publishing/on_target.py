"""Whether a host's disk is what it is to be: the disk's own word counts, not the VM's."""

from __future__ import annotations

from shared.models.azure import Machine, version_of
from shared.models.rollouts import Goal, RolloutKind, goal_of
from shared.publishing.step import Work


def is_renewed(work: Work, machine: Machine) -> bool:
    """Whether nothing destructive is left to do: the disk holds the version, and is not the one that has to go."""
    row = work.row
    if row.stale_disk_id is not None and row.stale_disk_id == known_by(machine):
        return False
    if work.rollout.kind is RolloutKind.REFRESH and row.stale_disk_id is None and not row.rebuilt:
        return False  # used: that it holds the version says nothing
    return holds(work, machine, goal_of(work.rollout, row))


def known_by(machine: Machine) -> str | None:
    """What tells the VM's disk from the one before. An ephemeral disk is no resource: a replaced VM has another id,
    a re-imaged one nothing that differs."""
    return machine.unique_id if machine.ephemeral else machine.os_disk_id


def holds(work: Work, machine: Machine, goal: Goal) -> bool:
    """Whether the VM's disk was made from this version."""
    says = version_of(machine, goal.definition_id) == goal.version
    if machine.os_disk_id is None or machine.ephemeral:
        return says
    made_from = work.disk_version(machine.os_disk_id)
    return says if made_from is None else made_from.lower() == goal.version_id.lower()
