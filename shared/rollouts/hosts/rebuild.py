"""Bringing a host onto its version: re-image or replace the VM, or give it its kept disk back.

Sequences and their reasons: azure-facts 1.6. Whether re-imaging in place brings another gallery version
is documented by one sentence only, so the result is looked at: the disk itself says what it was made from.
"""

from __future__ import annotations

import secrets
import string

from pydantic import SecretStr

from shared.core.errors import StaleRow
from shared.core.names import SWAP, SWAPPED_TAG
from shared.core.states import HostState
from shared.core.steps import Outcome, Then
from shared.models.azure import Machine, MachineBody, Operation
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import RolloutKind, goal_of
from shared.rollouts.hosts.context import AT_ONCE, Work, carry_on, is_renewed, known_by
from shared.rollouts.hosts.recheck import look_again_if_back
from shared.rollouts.old_disks.registry import note_left
from shared.services import POOLS, Services
from shared.workflow.waiting import StepFailed

REBUILDING = frozenset({"reimage", "create"})
"""Kinds of operation after which the disk must be the target version."""

CHANGING = frozenset({"Creating", "Updating", "Deleting", "Migrating"})
"""ARM provisioning states in which an operation is under way on the VM."""


def rebuild_host(work: Work) -> Outcome:
    """Re-image or replace the VM, or swap its disk, until it is what it is to be and runs. Called again until done.

    What to do next follows from the VM as it is, so that a crash at any point repeats nothing destructive;
    and what went through once in an attempt is not asked for again, whatever the disk then says.
    """
    asked = work.row.operation
    if asked is not None and work.row.rebuild_asked and not work.row.rebuilt:
        work.note(rebuilt=True)  # with its end, which nothing else would tell; a failure takes it back
    waiting = carry_on(work)
    if waiting:
        return waiting
    if asked is not None and asked.kind in REBUILDING:
        work.note(rebuilt=True)
    services, row = work.services, work.row
    machine, work.machine = work.machine or services.machines.machine(row.vm_id), None
    if machine is not None and machine.provisioning in CHANGING:
        if row.rebuild_asked and not row.rebuilt:
            work.note(rebuilt=True)  # its answer was lost, and this is it
        return Outcome(Then.WAIT, services.settings.operation_poll)
    if machine is not None and machine.provisioning == "Failed" and row.rebuild_asked and row.rebuilt:
        raise StepFailed("re-imaging has failed")
    if machine is not None and (again := look_again_if_back(work)):
        return again
    if machine is not None and is_renewed(work, machine):
        return _renewed(work, machine)
    return _rebuild(work, machine)


def _rebuild(work: Work, machine: Machine | None) -> Outcome:
    """The next destructive call, or the one that makes good what it left."""
    services, row = work.services, work.row
    if machine is not None and row.strategy == SWAP:
        return swap_disk(work, machine)
    replaces = row.strategy == Strategy.REPLACE
    if row.rebuilt or (machine is not None and not replaces and row.old_disk_id not in (None, machine.os_disk_id)):
        return _came_out_wrong(work, machine)
    if machine is None:
        return _create(work)
    if replaces:
        return _delete(work, machine)
    if machine.ephemeral and not row.rebuild_asked:
        work.save(rebuild_asked=True)
    version = goal_of(work.rollout, row).version
    started = services.machines.start_reimage(row.vm_id, version=version, admin_password=fresh_password())
    return _rebuilding(work, started)


def _rebuilding(work: Work, started: Operation) -> Outcome:
    waiting = carry_on(work, started)
    if waiting is None:
        work.note(rebuilt=True)
    return waiting or Outcome(Then.WAIT, AT_ONCE)


def _renewed(work: Work, machine: Machine) -> Outcome:
    if not machine.running:
        started = work.services.machines.start_power_on(machine.id)
        return carry_on(work, started) or Outcome(Then.WAIT, AT_ONCE)
    if work.row.strategy == Strategy.REIMAGE and _brought_another(work):
        note_reimage(work.services, work.pool, ReimageSupport.WORKS)
    work.move(HostState.JOINING, version=goal_of(work.rollout, work.row).version)
    return Outcome(Then.NEXT)


def _brought_another(work: Work) -> bool:
    """Whether the host has changed its version: that re-imaging brings it the same one again says nothing of others."""
    return work.rollout.kind is not RolloutKind.REFRESH or work.row.version != goal_of(work.rollout, work.row).version


def _came_out_wrong(work: Work, machine: Machine | None) -> Outcome:
    """The rebuild went through but the disk is not the target version. `auto` replaces the VM then, once."""
    may_replace = work.rollout.policy.strategy is Strategy.AUTO and work.row.strategy == Strategy.REIMAGE
    if machine is None or not may_replace:
        version = goal_of(work.rollout, work.row).version
        raise StepFailed(f"the rebuilt VM is not on {version}; is the strategy right for this pool?")
    note_reimage(work.services, work.pool, ReimageSupport.UNSUPPORTED)
    body = work.services.machines.recreation_body(machine.id)
    stale = known_by(machine) if work.rollout.kind is RolloutKind.REFRESH else work.row.stale_disk_id
    work.save(strategy=str(Strategy.REPLACE), body=body.model_dump(), rebuilt=False, stale_disk_id=stale)
    if machine.os_disk_id != work.row.old_disk_id:
        # The disk that came wrong is of no use; the one from before is detached already and stays.
        work.services.machines.update(machine.id, os_disk_delete_option="Delete")
    return _delete(work, machine)


def _delete(work: Work, machine: Machine) -> Outcome:
    if work.row.body is None:
        raise StepFailed("nothing is recorded to create the VM again with")
    work.services.machines.update(machine.id, nic_delete_option="Detach")
    started = work.services.machines.start_delete(machine.id)
    return carry_on(work, started) or Outcome(Then.WAIT, AT_ONCE)


def _create(work: Work) -> Outcome:
    if work.row.body is None:
        raise StepFailed("the VM does not exist any more")
    started = work.services.machines.start_create(
        work.row.vm_id,
        MachineBody.model_validate(work.row.body),
        image_version_id=goal_of(work.rollout, work.row).version_id,
        admin_password=fresh_password(),
    )
    return _rebuilding(work, started)


def note_reimage(services: Services, pool: Pool, found: ReimageSupport) -> None:
    """Mark on the pool, which was read a moment ago, whether re-imaging works there. Somebody else writing the row
    meanwhile is fine: they found out too, or the next host will."""
    if pool.reimage is found:
        return
    now = services.pools.find(POOLS, pool.name)
    if now is None or now.reimage is found:
        return
    try:
        services.pools.replace(now.model_copy(update={"reimage": found}))
    except StaleRow:
        return


def fresh_password() -> SecretStr:
    """A random local administrator password, kept nowhere: nobody logs on with it. Fulfils Windows' rules."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
    drawn = [secrets.choice(kind) for kind in kinds] + [secrets.choice("".join(kinds)) for _ in range(28)]
    secrets.SystemRandom().shuffle(drawn)
    return SecretStr("".join(drawn))


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
