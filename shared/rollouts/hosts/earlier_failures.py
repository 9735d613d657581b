"""Hosts that an earlier rollout has failed on: what they need to be taken again, and back to how they were found."""

from __future__ import annotations

from collections.abc import Container

from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState
from shared.models.azure import Machine
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.services import Services

CUSTODY = ("operator_drained", "was_off", "prior_tags", "prior_delete_option", "from_version", "from_version_id")
"""How a host is given back, and what it is brought back to: only the rollout that found it first could see that."""


def left_over(services: Services, rollout: Rollout, pool: Pool, seen: Container[str]) -> dict[str, RolloutHost]:
    """First rows, by host, for what earlier rollouts have left.

    A retry takes all that failed in the rollout it repeats. Any other rollout takes the hosts that the last one has
    taken out of the host pool and could not bring back: no list shows them any more.
    """
    earlier = rollout.retry_of or pool.last_rollout
    if not earlier:
        return {}
    failed = [row for row in services.hosts.all(earlier) if row.state is HostState.FAILED]
    if not rollout.retry_of:
        failed = [row for row in failed if row.out_of_pool and row.host not in seen]
    machines = services.machines.machines([row.vm_id for row in failed])
    return {
        row.host: taken_over(rollout, row)
        for row in failed
        if row.host in seen or is_ours_still(row, machines.get(row.vm_id.lower()))
    }


def is_ours_still(row: RolloutHost, machine: Machine | None) -> bool:
    """Whether a host that no list shows may be taken: its VM carries our mark, or is gone and can be made again.

    Who takes the mark off a VM, to use it elsewhere, has it released.
    """
    return row.body is not None if machine is None else ROLLOUT_TAG in machine.tags


def taken_over(rollout: Rollout, row: RolloutHost) -> RolloutHost:
    """The first row of a host that another rollout has failed on."""
    kept = {name: getattr(row, name) for name in CUSTODY}
    return RolloutHost(
        rollout=rollout.id,
        host=row.host,
        vm_id=row.vm_id,
        location=row.location,
        version=row.version,
        out_of_pool=row.out_of_pool,
        body=row.body,
        left_drained=True,
        **kept,
    )


def as_first_found(services: Services, row: RolloutHost, machine: Machine) -> RolloutHost:
    """A first row of a host that another rollout has failed on, with what that had noted: the VM's mark names it."""
    mark = machine.tags.get(ROLLOUT_TAG, "")
    theirs = services.hosts.find(mark, row.host) if mark and mark != row.rollout else None
    return with_custody(row, {row.host: theirs}) if theirs else row


def with_custody(row: RolloutHost, left: dict[str, RolloutHost]) -> RolloutHost:
    """A first row, with what the rollout before had noted of how the host was found."""
    before = left.get(row.host)
    if before is None:
        return row
    return row.model_copy(update={name: getattr(before, name) for name in CUSTODY} | {"left_drained": True})
