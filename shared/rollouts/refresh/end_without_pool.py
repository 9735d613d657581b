"""Ends the rollout and the refresh of a pool that somebody unregisters because its host pool is gone."""

from __future__ import annotations

from shared.audit.about import about_rollout
from shared.audit.record import audit
from shared.core.codes import Code
from shared.core.errors import AzureRefused, Conflict
from shared.core.states import RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.messages import Message, message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.records.change import change
from shared.records.pools import open_refresh, running_rollout
from shared.records.unreadable_pools import is_gone
from shared.rollouts.hosts.lost_pool import LostPool, end_rollout
from shared.services import ROLLOUTS, Services

_UNREGISTERED = message(Code.POOL_UNREGISTERED, "the pool was unregistered")


def end_without_pool(services: Services, pool: Pool, who: str) -> None:
    """End what runs on the pool, hosts in work too. Does nothing if nothing runs.

    Raises AzureBusy, and Conflict while the host pool can be read: its hosts can then be returned to service.
    """
    running = [rollout for rollout in (running_rollout(services, pool), open_refresh(services, pool)) if rollout]
    if not running:
        return
    _refuse_if_readable(services, pool, running[0])
    why = message(Code.POOL_UNREGISTERED, f"The pool was unregistered by {who}, because its host pool is gone.")
    for rollout in running:
        cancelled = _cancel(services, rollout, why)
        left = LostPool(services, pool, _UNREGISTERED, given_up=is_gone(services, pool), in_work=True).end_hosts(
            services.hosts.all(rollout.id)
        )
        if left:
            text = f"Azure still works on the VMs of some hosts, such as {left[0].host}. Try again in a few minutes."
            raise Conflict(text, rollout=rollout.id)
        end_rollout(services, cancelled, why)
        audit(
            services, who, "end rollout", rollout.id, "its pool is unregistered",
            before=rollout.state, about=about_rollout(rollout),
        )  # fmt: skip


def _refuse_if_readable(services: Services, pool: Pool, rollout: Rollout) -> None:
    try:
        services.host_pools.host_pool(pool.host_pool_id)
        services.host_pools.session_hosts(pool.host_pool_id)
    except AzureRefused:
        return
    text = "The host pool can be read. Cancel the rollout or switch the refresh off, then unregister the pool."
    raise Conflict(text, rollout=rollout.id)


def _cancel(services: Services, rollout: Rollout, why: Message) -> Rollout:
    """Mark the rollout as cancelling: a pass that has begun starts no host from here on."""

    def decide(found: Rollout) -> Rollout | None:
        if found.state.ended:
            return None
        state = transition_rollout(found.id, found.state, RolloutState.CANCELLING)
        return found.model_copy(
            update={"state": state, "ends_as": RolloutState.CANCELLED, "resume_to": None, "note": why}
        )

    before, cancelled = change(services.rollouts, (ROLLOUTS, rollout.id), decide, describe="rollout", retried=True)
    rollout_changed(services, before, cancelled)
    return cancelled
