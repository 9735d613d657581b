"""Hosts on which an earlier rollout failed: how a new rollout adopts them and restores their original state."""

from __future__ import annotations

from collections.abc import Container

from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState
from shared.models.azure import VirtualMachine
from shared.models.pools import Pool
from shared.models.rollout_parts import LEFT_OUT
from shared.models.rollouts import Rollout, RolloutHost
from shared.rollouts.hosts import vm_marks
from shared.services import Services


def find_earlier_failure(
    services: Services, rollout: Rollout, pool: Pool, seen: Container[str]
) -> dict[str, RolloutHost]:
    """First rows, by host, for the hosts that earlier rollouts left failed.

    A retry adopts all hosts that failed in the rollout it repeats, its canary hosts as such. Any other rollout adopts
    the hosts that the last one removed from the host pool and could not bring back: no list shows them.
    """
    earlier = rollout.retry_of or pool.last_rollout
    if not earlier:
        return {}
    rows = services.hosts.all(earlier)
    failed = [row for row in rows if row.state is HostState.FAILED]
    if not rollout.retry_of:
        outside = [row for row in rows if _was_left_out(row)] + failed
        failed = [row for row in outside if row.removed_from_pool and row.host not in seen]
    vms = services.vms.find_many([row.vm_id for row in failed])
    return {
        row.host: adopt(rollout, row)
        for row in failed
        if row.host in seen or still_marked(row, vms.get(row.vm_id.lower()))
    }


def _was_left_out(row: RolloutHost) -> bool:
    """Whether the rollout left the host as it was, so that the next one finds it as this one did."""
    return row.state is HostState.SKIPPED and row.reason is not None and row.reason.code in LEFT_OUT


def still_marked(row: RolloutHost, vm: VirtualMachine | None) -> bool:
    """Whether an unlisted host may be adopted: its VM has our mark, or is gone and can be created again.

    Removing the mark from a VM releases it for other uses.
    """
    return row.vm_body is not None if vm is None else ROLLOUT_TAG in vm.tags


def adopt(rollout: Rollout, row: RolloutHost) -> RolloutHost:
    """The first row of a host on which another rollout failed."""
    return RolloutHost(
        rollout=rollout.id,
        host=row.host,
        vm_id=row.vm_id,
        location=row.location,
        version=row.version,
        removed_from_pool=row.removed_from_pool,
        vm_body=row.vm_body,
        drained_by_earlier_failure=True,
        canary=row.canary and rollout.retry_of == row.rollout,
        found=row.found,
    )


def restore_original(services: Services, row: RolloutHost, vm: VirtualMachine) -> RolloutHost:
    """The first row of such a host, with the original state that the rollout named by the VM's mark had recorded; if
    that row is lost, with the one that the VM's tag says."""
    mark = vm.tags.get(ROLLOUT_TAG, "")
    recorded = services.hosts.find(mark, row.host) if mark and mark != row.rollout else None
    if recorded:
        return with_original(row, {row.host: recorded})
    return row.replace(found=vm_marks.original_of(vm, row.found) or row.found)


def with_original(row: RolloutHost, earlier: dict[str, RolloutHost]) -> RolloutHost:
    """A first row, with the original state that the earlier rollout had recorded."""
    before = earlier.get(row.host)
    if before is None:
        return row
    canary = before.canary and before.rollout == row.rollout
    return row.replace(found=before.found, drained_by_earlier_failure=True, canary=canary)
