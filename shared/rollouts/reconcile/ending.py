"""The end of a rollout: no host is left in work or lost, and each VM is as it was before."""

from __future__ import annotations

import logging

from shared.core.errors import AzureBusy, AzureRefused
from shared.core.states import HostState
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import HostView, Snapshot
from shared.rollouts.hosts import actions, vm_marks
from shared.rollouts.hosts.lost_hosts import lost_hosts_are_left
from shared.rollouts.reconcile.start_hosts import save
from shared.services import Services

log = logging.getLogger("freshcoat.reconcile")


def may_end(services: Services, rollout: Rollout, pool: Pool, after: Snapshot, rows: dict[str, RolloutHost]) -> bool:
    """Whether the rollout may end after this pass, whose snapshot is `after`; else the next pass goes on.

    Before it does, each VM is compared with what it was. What cannot be mended is written in its host's row, and in
    `rows`.
    """
    if not all(view.row.state.ended for view in after.hosts):
        return False  # some hosts could not be brought to their end in this pass
    if not all(row.state.ended for row in services.hosts.all(rollout.id)):
        services.host_rows.forget(rollout.id)  # storage has lost writes that this worker still remembers
        return False
    if lost_hosts_are_left(services, pool, rollout, [view.row for view in after.hosts]):
        return False  # the next pass takes them up
    changed = _give_back_what_is_left(services, after)
    save(services, {}, changed)
    rows.update(changed)
    return True


def _give_back_what_is_left(services: Services, after: Snapshot) -> dict[str, RolloutHost]:
    """Compare the VMs that were marked, and give back what differs. Returns the rows that say what could not be."""
    marked = [view for view in after.hosts if _was_marked(view)]
    if not marked:
        return {}
    try:
        vms = services.vms.find_many([view.row.vm_id for view in marked])
    except (AzureBusy, AzureRefused) as error:
        log.warning("the VMs of rollout %s could not be compared with what they were: %s", marked[0].row.rollout, error)
        return {}
    found = [(view, vms.get(view.row.vm_id.lower())) for view in marked]
    mended = [_mended(services, view) for view, vm in found if vm and vm_marks.is_left_marked(vm, view.row)]
    return {row.host: row for row in mended if row}


def _was_marked(view: HostView) -> bool:
    """A host that is neither in the pool nor failed may be somebody else's by now."""
    return bool(view.row.found.prior_tags) and (view.seen is not None or view.row.state is HostState.FAILED)


def _mended(services: Services, view: HostView) -> RolloutHost | None:
    """None when the VM was given back; else the row, with the error."""
    row = view.row
    serves = view.seen is not None and view.seen.accepting
    log.warning("rollout %s: the VM of %s is not as it was before", row.rollout, row.host)
    try:
        actions.tidy(services, row, failed_for=row.error if row.state is HostState.FAILED and not serves else "")
    except (AzureBusy, AzureRefused) as error:
        told = f"its VM is not as it was before: {error}"
        return row.replace(error=f"{row.error}; {told}" if row.error else told)
    return None
