"""Which failed VMs are left running for whoever looks into it. The others are switched off; none is deleted."""

from __future__ import annotations

import logging

from shared.core.errors import AzureBusy, AzureError
from shared.core.states import HostState
from shared.models.policy import KeepFailed
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.services import Services

log = logging.getLogger("freshcoat.host")


def switch_off_unless_kept(services: Services, rollout: Rollout, pool: Pool, row: RolloutHost) -> None:
    """Switch a host off that has just failed, if the policy keeps another one, or none. Raises AzureBusy.

    What cannot be switched off costs money and nothing else, so it is not waited for. A host that is brought back at
    once is left on, and so is one on which somebody works.
    """
    if rollout.going_back or _kept(services, rollout, row):
        return
    try:
        machine = services.machines.machine(row.vm_id)
        if machine is not None and machine.running and not _in_use(services, pool, row):
            services.machines.start_deallocate(row.vm_id)
    except AzureBusy:
        raise
    except AzureError as error:
        log.warning("rollout %s: %s has failed and could not be switched off: %s", row.rollout, row.host, error)


def _kept(services: Services, rollout: Rollout, row: RolloutHost) -> bool:
    keep = rollout.policy.keep_failed
    if keep is not KeepFailed.ONE:
        return keep is KeepFailed.ALL
    failed = services.hosts.page(rollout.id, limit=2, state=HostState.FAILED).rows
    return all(other.host == row.host for other in failed)


def _in_use(services: Services, pool: Pool, row: RolloutHost) -> bool:
    seen = services.desktops.session_host(pool.host_pool_id, row.host)
    if seen is None:
        return not row.out_of_pool  # somebody else took it out of the pool, and it may serve others
    return seen.accepting or seen.sessions > 0 or bool(services.desktops.host_sessions(pool.host_pool_id, row.host))
