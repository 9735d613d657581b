"""Bringing a host onto the target version: look again, then re-image or replace the VM.

Sequences and their reasons: azure-facts 1.6. Whether re-imaging in place brings another gallery version
is documented by one sentence only, so the result is looked at: the disk itself says what it was made from.
"""

from __future__ import annotations

import secrets
import string

from pydantic import SecretStr

from shared.errors import StaleRow
from shared.models.azure import HEALTHY_STATUSES, Machine, MachineBody, Operation, SessionHost
from shared.models.policy import Strategy
from shared.models.pools import Pool, ReimageSupport
from shared.models.rollouts import Rollout
from shared.names import REGISTER_HOST
from shared.publishing.gather import version_of
from shared.publishing.step import Work, carry_on
from shared.services import POOLS, Services
from shared.states import HostState
from shared.stepping import StepFailed
from shared.steps import Outcome, Then

REBUILDING = frozenset({"reimage", "create"})
"""Kinds of operation after which the disk must be the target version."""

AT_ONCE = 1.0
"""Seconds until a step is called again that has more to do."""

CHANGING = frozenset({"Creating", "Updating", "Deleting", "Migrating"})
"""ARM provisioning states in which an operation is under way on the VM."""


def recheck_host(work: Work) -> Outcome:
    """The look just before the destructive step: still drained, still empty, not on the target already.

    A host that is not drained and empty any more, or not in the pool any more, goes back to the rollout.
    Else its session host object is removed: the machine that comes back is a new one under the old name.
    """
    services, pool, row = work.services, work.pool, work.row
    machine = services.machines.machine(row.vm_id)
    seen = services.desktops.session_host(pool.host_pool_id, row.host)
    if seen is None and not row.strategy:
        # We did not take it out of the pool, so somebody else did, and it may serve others.
        return _back_to_the_rollout(work, seen)
    if machine is not None and is_on_target(services, work.rollout, machine):
        return _renewed_already(work, seen)
    if seen is not None and _in_use(work, seen):
        return _back_to_the_rollout(work, seen)
    if machine is None and row.body is None:
        raise StepFailed("the VM does not exist any more")
    if machine is not None and not row.strategy:
        _decide(work, machine)
    services.desktops.remove_session_host(pool.host_pool_id, row.host)
    return Outcome(Then.NEXT)


def _back_to_the_rollout(work: Work, seen: SessionHost | None) -> Outcome:
    drained = seen is not None and not seen.accepting
    work.move(
        HostState.DRAINING,
        drained_at=work.row.drained_at if drained else None,
        empty_since=None,
        sessions=seen.sessions if seen else 0,
        strategy="",
        old_disk_id=None,
        body=None,
        step="somebody came back",
    )
    return Outcome(Then.STOP)


def _in_use(work: Work, seen: SessionHost) -> bool:
    """Whether the host accepts or holds a session: the count of the broker and its list must both say no."""
    if seen.accepting or seen.sessions:
        return True
    return bool(work.services.desktops.host_sessions(work.pool.host_pool_id, work.row.host))


def _renewed_already(work: Work, seen: SessionHost | None) -> Outcome:
    """The disk is the target version: nothing destructive is left to do.

    Either an interrupted rebuild is taken up again or repeated, or an earlier rollout failed on the host after
    its rebuild. While it is healthy or somebody works on it, it is neither joined nor registered anew. A registration
    that never worked is removed, so that the next one can.
    """
    healthy = seen is not None and seen.status in HEALTHY_STATUSES
    if seen is not None and (healthy or seen.sessions):
        work.save(phase=REGISTER_HOST, version=work.rollout.version)
        work.move(HostState.JOINING)
        work.move(HostState.VERIFYING)
    elif seen is not None:
        work.services.desktops.remove_session_host(work.pool.host_pool_id, work.row.host)
    return Outcome(Then.NEXT)


def _decide(work: Work, machine: Machine) -> None:
    """Write down how this host is rebuilt, and all that is needed for it, before anything is destroyed."""
    strategy = strategy_for(work.rollout, work.pool, machine)
    body = work.services.machines.recreation_body(machine.id) if strategy is Strategy.REPLACE else None
    work.save(
        strategy=str(strategy),
        old_disk_id=machine.os_disk_id,
        location=machine.location,
        body=body.model_dump() if body else None,
    )


def strategy_for(rollout: Rollout, pool: Pool, machine: Machine) -> Strategy:
    """Re-image or replace this VM.

    Re-imaging reaches only versions of the definition the VM was made from, and an ephemeral disk only
    goes back to the version it had (azure-facts 1.2): such VMs are replaced whatever `auto` has found out.
    """
    wanted = rollout.policy.strategy
    if wanted is not Strategy.AUTO:
        return wanted
    other = machine.definition_id is None or machine.definition_id.lower() != rollout.definition_id.lower()
    if other or machine.ephemeral or pool.reimage is ReimageSupport.UNSUPPORTED:
        return Strategy.REPLACE
    return Strategy.REIMAGE


def rebuild_host(work: Work) -> Outcome:
    """Re-image or replace the VM until its disk is the target version and it runs. Called again until done.

    What to do next follows from the VM as it is, so that a crash at any point repeats nothing destructive;
    and what went through once in an attempt is not asked for again, whatever the disk then says.
    """
    asked = work.row.operation
    waiting = carry_on(work)
    if waiting:
        return waiting
    if asked is not None and asked.kind in REBUILDING:
        work.save(rebuilt=True)
    services, row = work.services, work.row
    machine = services.machines.machine(row.vm_id)
    if machine is not None and machine.provisioning in CHANGING:
        return Outcome(Then.WAIT, services.settings.operation_poll)
    if machine is not None and is_on_target(services, work.rollout, machine):
        return _renewed(work, machine)
    replaces = row.strategy == Strategy.REPLACE
    if row.rebuilt or (machine is not None and not replaces and row.old_disk_id not in (None, machine.os_disk_id)):
        return _came_out_wrong(work, machine)
    if machine is None:
        return _create(work)
    if replaces:
        return _delete(work, machine)
    started = services.machines.start_reimage(row.vm_id, version=work.rollout.version, admin_password=fresh_password())
    return _rebuilding(work, started)


def _rebuilding(work: Work, started: Operation) -> Outcome:
    waiting = carry_on(work, started)
    if waiting is None:
        work.save(rebuilt=True)
    return waiting or Outcome(Then.WAIT, AT_ONCE)


def is_on_target(services: Services, rollout: Rollout, machine: Machine) -> bool:
    """Whether the VM's disk was made from the target version. The disk's word counts, not the VM's."""
    if machine.os_disk_id is None or machine.ephemeral:
        return version_of(machine, rollout.definition_id) == rollout.version
    made_from = services.machines.disk_version(machine.os_disk_id)
    if made_from is None:
        return version_of(machine, rollout.definition_id) == rollout.version
    return made_from.lower() == rollout.version_id.lower()


def _renewed(work: Work, machine: Machine) -> Outcome:
    if not machine.running:
        started = work.services.machines.start_power_on(machine.id)
        return carry_on(work, started) or Outcome(Then.WAIT, AT_ONCE)
    if work.row.strategy == Strategy.REIMAGE:
        note_reimage(work.services, work.pool.name, ReimageSupport.WORKS)
    work.move(HostState.JOINING, version=work.rollout.version)
    return Outcome(Then.NEXT)


def _came_out_wrong(work: Work, machine: Machine | None) -> Outcome:
    """The rebuild went through but the disk is not the target version. `auto` replaces the VM then, once."""
    may_replace = work.rollout.policy.strategy is Strategy.AUTO and work.row.strategy == Strategy.REIMAGE
    if machine is None or not may_replace:
        raise StepFailed(f"the rebuilt VM is not on {work.rollout.version}; is the strategy right for this pool?")
    note_reimage(work.services, work.pool.name, ReimageSupport.UNSUPPORTED)
    body = work.services.machines.recreation_body(machine.id)
    work.save(strategy=str(Strategy.REPLACE), body=body.model_dump(), rebuilt=False)
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
        image_version_id=work.rollout.version_id,
        admin_password=fresh_password(),
    )
    return _rebuilding(work, started)


def note_reimage(services: Services, pool_name: str, found: ReimageSupport) -> None:
    """Mark on the pool whether re-imaging works there. Somebody else writing the row meanwhile is fine: they
    found out too, or the next host will."""
    pool = services.pools.find(POOLS, pool_name)
    if pool is None or pool.reimage is found:
        return
    try:
        services.pools.replace(pool.model_copy(update={"reimage": found}))
    except StaleRow:
        return


def fresh_password() -> SecretStr:
    """A random local administrator password, kept nowhere: nobody logs on with it. Fulfils Windows' rules."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
    drawn = [secrets.choice(kind) for kind in kinds] + [secrets.choice("".join(kinds)) for _ in range(28)]
    secrets.SystemRandom().shuffle(drawn)
    return SecretStr("".join(drawn))
