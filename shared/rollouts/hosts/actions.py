"""Actions on one host: each changes Azure and returns the row to write.

All may raise AzureBusy: then the row is unchanged, and the next pass tries again.
"""

from __future__ import annotations

import logging

from shared.audit.about import asker_of_rollout
from shared.core.asking import asking
from shared.core.errors import AzureNotFound, AzureRefused
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, transition_host
from shared.models.azure import UserSession, VirtualMachine
from shared.models.host_parts import Drain
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.decide import NO_VM
from shared.planning.host_rows import as_failed, skip
from shared.planning.people.sign_outs import UNKNOWN_SESSION
from shared.planning.timing import signing_out_since
from shared.records.accounts import known_scopes
from shared.rollouts.hosts import vm_marks
from shared.services import Services

log = logging.getLogger("freshcoat.apply")


def out_of_scope(services: Services, pool: Pool, row: RolloutHost) -> str:
    """Why the VM behind the host, or its host pool, is not the account's to touch. Empty when both are.

    The VM's id comes from the broker.
    """
    scopes = known_scopes(services)
    problems = (scopes.problem(pool.account, one) for one in (row.vm_id, pool.host_pool_id) if one)
    problem = next(filter(None, problems), "")
    return f"{problem}; nothing was done to it" if problem else ""


def record_original(services: Services, pool: Pool, row: RolloutHost, vms: dict[str, VirtualMachine]) -> RolloutHost:
    """First half of a drain: read the VM (into `vms`) and record its original state. Nothing is changed yet.

    A VM that must not be touched, or does not exist any more, is not put into `vms`. One out of scope fails the host.
    """
    if problem := out_of_scope(services, pool, row):
        return as_failed(row, problem, services.now())
    vm = services.vms.find(row.vm_id)
    if vm is None:
        gone = row.replace(vm_missing=True)  # otherwise it would count as a host that returns to service
        return skip(gone, NO_VM, services.now())
    row = row.replace(excluded_by_tag=vm.excluded)
    if vm.excluded:
        return row  # since it was read first: the next pass leaves it out
    vms[row.host] = vm
    row = vm_marks.record_original(row, vm)
    state = transition_host(row.host, row.state, HostState.DRAINING)
    return row.replace(state=state, drain=Drain(), step="draining")


def drain(services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, vm: VirtualMachine) -> RolloutHost:
    """Second half: exclude the VM from autoscale, keep its disk, then stop new sessions.

    The settling time starts only after Azure confirmed the drain.
    """
    tags = vm_marks.tags_while_held(vm, rollout, row)
    keep = vm_marks.delete_option_to_set(vm, rollout)
    if tags != vm.tags or keep:
        services.vms.update(
            row.vm_id, tags=tags, os_disk_delete_option=keep, os_disk_create_option=vm.os_disk_create_option
        )
    services.host_pools.set_accepting(pool.host_pool_id, row.host, accepting=False)
    return row.replace(drain=row.drain.replace(drained_at=services.now()), step="drained", reason=None)


def undrain(services: Services, pool: Pool, row: RolloutHost) -> RolloutHost:
    """Undrain a host that was not rebuilt (unless an operator had drained it), and restore its tags.

    A host that left the pool is not undrained, nor is one that was chosen but never marked: another rollout may have
    it by now.
    """
    drain = Drain(undrained_at=row.drain.undrained_at)
    undrained = row.replace(state=HostState.PENDING, drain=drain, step="undrained")
    if untouched(services, row):
        return undrained
    if not row.found.operator_drained:
        try:
            services.host_pools.set_accepting(pool.host_pool_id, row.host, accepting=True)
        except AzureNotFound:
            log.info("rollout %s: %s has left the pool, there is nothing to undrain", row.rollout, row.host)
    tidy(services, row)  # last: without our mark, a remaining drain would count as an operator's
    return undrained.replace(drained_by_earlier_failure=False)


def untouched(services: Services, row: RolloutHost) -> bool:
    """Whether nothing was done to a host since it was chosen, so that another rollout may have it by now.

    The VM's mark tells: it is set before the drain. A host that is out of the host pool is never drained.
    """
    if row.removed_from_pool:
        return True
    if row.drain.drained_at is not None:
        return False
    vm = services.vms.find(row.vm_id)
    return vm is None or vm.tags.get(ROLLOUT_TAG) != row.rollout


def tidy(services: Services, row: RolloutHost, *, failed_for: str = "") -> None:
    """Restore the VM's tags and its disk's delete option, in at most one call; `failed_for` becomes its failure tag."""
    vm = services.vms.find(row.vm_id)
    if vm is None:
        return
    row = vm_marks.record_original(row, vm) if ROLLOUT_TAG in vm.tags and not row.found.prior_tags else row
    option = row.found.prior_delete_option if row.found.prior_delete_option != vm.os_disk_delete_option else None
    tags = vm_marks.tags_after_failure(vm, row, failed_for) if failed_for else vm_marks.tags_after_release(vm, row)
    if tags == vm.tags and not option:
        return
    try:
        services.vms.update(
            row.vm_id, tags=tags, os_disk_delete_option=option, os_disk_create_option=vm.os_disk_create_option
        )
    except AzureNotFound:
        log.info("rollout %s: the VM of %s is gone, there is nothing to tidy", row.rollout, row.host)


def skip_marked(services: Services, pool: Pool, row: RolloutHost, reason: Message) -> RolloutHost:
    """Skip a host that we may have marked: it is no longer listed, or its VM is gone.

    If it still exists, it is restored first.
    """
    if row.state is not HostState.PENDING:
        row = undrain(services, pool, row)
    return skip(row, reason, services.now())


def leave_out(services: Services, pool: Pool, row: RolloutHost, reason: Message) -> RolloutHost:
    """Skip a host that we may have drained, because it is left out by now. It returns to service as it was.

    A host that an earlier attempt drained and failed on stays drained and marked, because users must not get it.
    """
    if not row.drained_by_earlier_failure or row.removed_from_pool:
        return skip_marked(services, pool, row, reason)
    tidy(services, row, failed_for=reason.text)
    return skip(row.replace(drain=Drain()), reason, services.now())


def sign_out(
    services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, sessions: list[UserSession]
) -> RolloutHost:
    """Sign out every session of the host.

    A refused session does not stop the others; the start of the time limit is recorded in any case. A host that is not
    the account's any more fails instead. Raises AzureBusy.
    """
    now = services.now()
    if problem := out_of_scope(services, pool, row):
        return as_failed(row, problem, now)
    ended, refused, answers = [], "", dict[str, str]()
    for session in sessions:
        try:
            with asking(asker_of_rollout(rollout)):
                found = services.host_pools.sign_out(pool.host_pool_id, row.host, session.id)
            if found:
                ended.append(session.id)
            else:
                answers[session.id] = UNKNOWN_SESSION
        except AzureRefused as error:
            refused, answers[session.id] = str(error), f"{error.code}: {error.message}"
    since = signing_out_since(row, rollout.policy, now) or now
    return row.replace(
        state=transition_host(row.host, row.state, HostState.SIGNING_OUT),
        step="signing out users",
        drain=row.drain.replace(sign_out_since=since, signed_out_last=now, sign_out_answers=answers),
        signed_out=tuple(sorted({*row.signed_out, *ended})),
        error=refused,
    )
