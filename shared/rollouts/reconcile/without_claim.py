"""The end of a rollout that does not hold its pool any more: its claim was taken for abandoned.

Hosts in work are finished by their own orchestrations, since they are out of service. Drained hosts are given back,
unless another rollout has marked them by now. When each host has ended, the rollout does.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from shared.core.codes import Code
from shared.core.errors import AzureConflict, AzureRefused
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.base import refuse_newer
from shared.models.messages import Message, message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.host_rows import as_failed, skip
from shared.ports.engine import Engine
from shared.records.change import change
from shared.rollouts.hosts.lost_pool import LostPool, end_rollout
from shared.rollouts.reconcile.start_hosts import start_hosts
from shared.services import ROLLOUTS, Services

log = logging.getLogger("freshcoat.reconcile")

_HOST = message(Code.POOL_LOST, "the pool was no longer reserved for this rollout")


def end_without_claim(
    services: Services, engine: Engine, rollout: Rollout, pool: Pool | None, note: Message
) -> RolloutState:
    """End the hosts of the rollout, then the rollout; `pool` is None when it was unregistered. Returns its state: while
    hosts are left it is cancelling, and this is to be called again. Raises NewerRow, StaleRow."""
    rows = services.hosts.all(rollout.id)
    refuse_newer(rollout, *rows)
    if not all(row.state.ended for row in rows):
        rollout = _stop(services, rollout, note)
    left = _LostClaim(services, pool, _HOST, given_up=False, in_work=pool is None).end_hosts(rows)
    if left:
        in_work = {row.host: row for row in left if row.state.in_work}
        start_hosts(services, engine, [], in_work, new_run=True, now=services.now())
        return rollout.state
    log.error("rollout %s was open but did not hold pool %s, so it ends", rollout.id, rollout.pool)
    return end_rollout(services, rollout, note).state


def _stop(services: Services, rollout: Rollout, note: Message) -> Rollout:
    """Mark the rollout as cancelling, to end as failed: a pass that has begun starts no host from here on."""

    def decide(found: Rollout) -> Rollout | None:
        if found.state.ended or found.state is RolloutState.CANCELLING:
            return None
        state = transition_rollout(found.id, found.state, RolloutState.CANCELLING)
        changes = {"state": state, "ends_as": RolloutState.FAILED, "resume_to": None, "note": note}
        return found.model_copy(update=changes)

    before, stopped = change(services.rollouts, (ROLLOUTS, rollout.id), decide, describe="rollout", retried=True)
    rollout_changed(services, before, stopped)
    return stopped


@dataclass(frozen=True)
class _LostClaim(LostPool):
    """The hosts of a rollout whose pool another may work on: only what carries the rollout's own mark is touched."""

    def _given_back(self, row: RolloutHost) -> RolloutHost:
        now = self.services.now()
        if row.state is HostState.PENDING:
            return skip(row, self.why, now)
        try:
            vm = self.services.vms.find(row.vm_id)
            ours = vm is not None and vm.tags.get(ROLLOUT_TAG) == row.rollout
        except AzureRefused as error:
            if isinstance(error, AzureConflict):
                raise
            return as_failed(row, f"{self.why.text}; its VM could not be returned to service: {error}", now)
        if ours:
            return super()._given_back(row)
        if row.state.in_work:
            return as_failed(row, self.why.text, now)
        return skip(row, self.why, now)
