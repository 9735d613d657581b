"""What is done with one host: each act changes Azure and answers the row as it is to be written.

All may raise AzureBusy: the row stays as it was, and the next look tries again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureNotFound
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, move_host
from shared.models.azure import Machine, UserSession
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.host_rows import as_failed, skip
from shared.planning.timing import signing_out_since
from shared.planning.values import SessionWarning
from shared.publishing import custody
from shared.services import Services

log = logging.getLogger("freshcoat.apply")


MARKED_WITHIN = timedelta(hours=2)
"""So long after its step began, a failed host is waited for until its VM can be marked: an operation that came too late
may still run on it, and autoscale must get the VM back."""


def remember(services: Services, row: RolloutHost, machines: dict[str, Machine]) -> RolloutHost:
    """First half of a drain: read the VM (into `machines`), note what has to be given back. Nothing is changed yet."""
    machine = services.machines.machine(row.vm_id)
    if machine is None:
        gone = row.model_copy(update={"vm_missing": True})  # else it would count as one that comes back into service
        return skip(gone, "its VM does not exist: remove the session host from the host pool", services.now())
    machines[row.host] = machine
    row = custody.remember(row, machine)
    changes = {"state": move_host(row.host, row.state, HostState.DRAINING), "drained_at": None, "empty_since": None}
    return row.model_copy(update={**changes, "step": "draining"})


def drain(services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, machine: Machine) -> RolloutHost:
    """Second half: keep autoscale away and the disk safe, then stop new sessions.

    The settling time begins only after Azure confirmed the drain.
    """
    tags = custody.marked(machine, rollout)
    keep = custody.keep_disk(machine, rollout)
    if tags != machine.tags or keep:
        services.machines.update(row.vm_id, tags=tags, os_disk_delete_option=keep)
    services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=False)
    return row.model_copy(update={"drained_at": services.now(), "step": "drained", "reason": ""})


def give_back(services: Services, pool: Pool, row: RolloutHost) -> RolloutHost:
    """Undrain a host that was not rebuilt (unless an operator had drained it), and tidy its tags.

    A host that has left the pool meanwhile has nothing to be undrained, nor has one that was chosen and never marked:
    it may be another rollout's by now.
    """
    changes = {"state": HostState.PENDING, "drained_at": None, "empty_since": None, "step": "given back"}
    if untouched(services, row):
        return row.model_copy(update={**changes, "sign_out_since": None, "signed_out_last": None})
    if not row.operator_drained:
        try:
            services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=True)
        except AzureNotFound:
            log.info("rollout %s: %s has left the pool, there is nothing to undrain", row.rollout, row.host)
    tidy(services, row)  # last: without our mark, a drain that is still there would be taken for an operator's
    return row.model_copy(update={**changes, "left_drained": False, "sign_out_since": None, "signed_out_last": None})


def untouched(services: Services, row: RolloutHost) -> bool:
    """Whether nothing was done with a host since it was chosen: it may be another rollout's by now.

    That one was drained its VM says: it is marked before that. One that is out of the host pool is not drained at all.
    """
    if row.out_of_pool:
        return True
    if row.drained_at is not None:
        return False
    machine = services.machines.machine(row.vm_id)
    return machine is None or machine.tags.get(ROLLOUT_TAG) != row.rollout


def tidy(services: Services, row: RolloutHost, *, failed_for: str = "") -> None:
    """Give the VM back its tags and its disk's delete option, in one call if any; `failed_for` is left on it."""
    machine = services.machines.machine(row.vm_id)
    if machine is None:
        return
    option = row.prior_delete_option if row.prior_delete_option != machine.os_disk_delete_option else None
    tags = custody.failed(machine, row, failed_for) if failed_for else custody.unmarked(machine, row)
    if tags == machine.tags and not option:
        return
    try:
        services.machines.update(row.vm_id, tags=tags, os_disk_delete_option=option)
    except AzureNotFound:
        log.info("rollout %s: the VM of %s is gone, there is nothing to tidy", row.rollout, row.host)


def leave(services: Services, pool: Pool, row: RolloutHost, why: str) -> RolloutHost:
    """The end of a host that we may have marked: no list shows it any more, or its VM is gone.

    Should it be there all the same, it is as it was.
    """
    if row.state is not HostState.PENDING:
        row = give_back(services, pool, row)
    return skip(row, why, services.now())


def sign_out(
    services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, sessions: list[UserSession]
) -> RolloutHost:
    """Ask for the end of every session of the host.

    One that is refused does not keep the others; that its time runs is noted whatever Azure says. Raises AzureBusy.
    """
    now = services.now()
    ended, refused = [], ""
    for session in sessions:
        try:
            if services.desktops.sign_out(pool.host_pool_id, row.host, session.id):
                ended.append(session.id)
        except AzureBusy:
            raise
        except AzureError as error:
            refused = str(error)
    changes = {
        "state": move_host(row.host, row.state, HostState.SIGNING_OUT),
        "step": "signing people out",
        "sign_out_since": signing_out_since(row, rollout.policy, now) or now,
        "signed_out_last": now,
        "signed_out": tuple(sorted({*row.signed_out, *ended})),
        "error": refused,
    }
    return row.model_copy(update=changes)


def warn(
    services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, warnings: list[SessionWarning]
) -> RolloutHost:
    """Send the messages of one host and note, per session, which step it has had.

    A session that cannot be told is noted too: trying it again and again would tell the others each time.
    What Azure was too busy for is left to the next look.
    """
    force_at = rollout.schedule.force_at
    time = force_at.astimezone(ZoneInfo(rollout.schedule.time_zone)).strftime("%H:%M")
    warned = dict(row.warned) if row.warned_for == force_at else {}
    error = row.error
    for warning in warnings:
        text = rollout.policy.warning(warning.minutes, time, pool.name)
        try:
            services.desktops.send_message(pool.host_pool_id, row.host, warning.session, "Update of this desktop", text)
        except AzureBusy:
            break
        except AzureError as refused:
            error = str(refused)
        warned[warning.session] = warning.step
    return row.model_copy(update={"warned": warned, "warned_for": force_at, "error": error})


def fail(services: Services, pool: Pool, row: RolloutHost, why: str) -> RolloutHost:
    """The host's end: it is kept drained, its VM says why, autoscale may have it back.

    What cannot be done for that end does not prevent it. Raises AzureBusy, and AzureConflict for as long as something
    else may be at work on the VM (MARKED_WITHIN).
    """
    drained, marked = partial(_keep_drained, services, pool, row), partial(tidy, services, row, failed_for=why)
    for act in (drained, marked, drained):  # once it can be marked, no registration is under way any more
        _if_possible(services, row, act)
    return as_failed(row, why, services.now())


def fail_at_return(services: Services, pool: Pool, row: RolloutHost, why: str) -> RolloutHost:
    """The end of a host that is healthy and only could not be given back. People may be on it, so it is not drained.

    If it still is, its VM says why: without our mark, that would be taken for an operator's drain. Raises as `fail`.
    """

    def mark() -> None:
        seen = services.desktops.session_host(pool.host_pool_id, row.host)
        if seen is not None and not seen.accepting and not row.operator_drained:
            tidy(services, row, failed_for=why)

    _if_possible(services, row, mark)
    return as_failed(row, why, services.now())


def _if_possible(services: Services, row: RolloutHost, act: Callable[[], None]) -> None:
    try:
        act()
    except AzureBusy:
        raise
    except AzureError as error:
        since = row.step_since or row.taken_at
        if isinstance(error, AzureConflict) and since and services.now() < since + MARKED_WITHIN:
            raise
        log.warning("rollout %s: %s failed and could not be marked: %s", row.rollout, row.host, error)


def _keep_drained(services: Services, pool: Pool, row: RolloutHost) -> None:
    """A fresh registration accepts sessions; one that failed must not."""
    seen = services.desktops.session_host(pool.host_pool_id, row.host)
    if seen is not None and seen.accepting:
        services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=False)
