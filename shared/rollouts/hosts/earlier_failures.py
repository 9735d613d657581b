"""Hosts that an earlier rollout has failed on: what they need to be taken again, and back to how they were found."""

from __future__ import annotations

from collections.abc import Container

from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState
from shared.models.azure import VirtualMachine
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.services import Services


def find_earlier_failure(
    services: Services, rollout: Rollout, pool: Pool, seen: Container[str]
) -> dict[str, RolloutHost]:
    """First rows, by host, for what earlier rollouts have left.

    A retry takes all that failed in the rollout it repeats. Any other rollout takes the hosts that the last one has
    taken out of the host pool and could not bring back: no list shows them any more.
    """
    earlier = rollout.retry_of or pool.last_rollout
    if not earlier:
        return {}
    failed = [row for row in services.hosts.all(earlier) if row.state is HostState.FAILED]
    if not rollout.retry_of:
        failed = [row for row in failed if row.removed_from_pool and row.host not in seen]
    machines = services.vms.find_many([row.vm_id for row in failed])
    return {
        row.host: adopt(rollout, row)
        for row in failed
        if row.host in seen or still_marked(row, machines.get(row.vm_id.lower()))
    }


def still_marked(row: RolloutHost, machine: VirtualMachine | None) -> bool:
    """Whether a host that no list shows may be taken: its VM carries our mark, or is gone and can be made again.

    Who takes the mark off a VM, to use it elsewhere, has it released.
    """
    return row.vm_body is not None if machine is None else ROLLOUT_TAG in machine.tags


def adopt(rollout: Rollout, row: RolloutHost) -> RolloutHost:
    """The first row of a host that another rollout has failed on."""
    return RolloutHost(
        rollout=rollout.id,
        host=row.host,
        vm_id=row.vm_id,
        location=row.location,
        version=row.version,
        removed_from_pool=row.removed_from_pool,
        vm_body=row.vm_body,
        drained_by_earlier_failure=True,
        found=row.found,
    )


def restore_original(services: Services, row: RolloutHost, machine: VirtualMachine) -> RolloutHost:
    """A first row of a host that another rollout has failed on, with what that had noted: the VM's mark names it."""
    mark = machine.tags.get(ROLLOUT_TAG, "")
    theirs = services.hosts.find(mark, row.host) if mark and mark != row.rollout else None
    return with_original(row, {row.host: theirs}) if theirs else row


def with_original(row: RolloutHost, left: dict[str, RolloutHost]) -> RolloutHost:
    """A first row, with what the rollout before had noted of how the host was found."""
    before = left.get(row.host)
    if before is None:
        return row
    return row.replace(found=before.found, drained_by_earlier_failure=True)
