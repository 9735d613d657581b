"""A rollout of a pool and the pool's refresh, side by side: two never touch one host.

Either of them first writes down that it begins, and then looks whether the other does; so of two at once at least one
sees the other:

- a rollout holds the pool (its claim) and is written as begun; then it reads the refresh's rows, and acts;
- a refresh writes a host's row as in hand; then it reads the pool and the rollout that holds it, and acts.

A refresh that finds a begun rollout gives back what it only drained and finishes what it rebuilds. The rollout leaves
those hosts alone until their rows say that they are free. Once none is in hand it need not ask again (`alone`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.states import HostState, RolloutState
from shared.models.pools import Pool, Refresh
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.values import DRAINED_STATES, HELD_STATES
from shared.planning.windows import room_at
from shared.pools.claim import is_valid
from shared.ports.engine import Engine
from shared.rollouts.hosts.earlier_failures import adopt, still_marked
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.look")


@dataclass(frozen=True)
class RefreshHolds:
    """What the refresh of a pool still has in hand when a rollout looks. `rows` are those of its hosts that may be out
    of the host pool because of it; `drained`: some could be given back at once."""

    in_hand: frozenset[str] = frozenset()
    drained: bool = False
    rows: Mapping[str, RolloutHost] = field(default_factory=dict)

    def hidden(
        self, rollout: Rollout, seen: Iterable[str], stored: Mapping[str, RolloutHost]
    ) -> dict[str, RolloutHost]:
        """Rows, by host, for those of its hosts that no list shows: the rollout must not end without them.

        What the refresh has failed on outside the host pool is the rollout's to bring back; a retry is about others.
        """
        shown = set(seen)
        return {
            host: self._hidden(rollout, row, stored.get(host))
            for host, row in self.rows.items()
            if host not in shown and (host in stored or not rollout.retry_of)
        }

    def _hidden(self, rollout: Rollout, row: RolloutHost, known: RolloutHost | None) -> RolloutHost:
        if known is not None and (known.state is not HostState.PENDING or known.removed_from_pool):
            return known
        if row.state is HostState.FAILED:
            first = adopt(rollout, row)
        else:
            first = known or RolloutHost(rollout=rollout.id, host=row.host, vm_id=row.vm_id)
        return first.written_over(known)


def read_refresh_holds(services: Services, rollout: Rollout, pool: Pool) -> RefreshHolds:
    """What the pool's refresh has in hand. To be read before the broker's list: a host that is free by these rows was
    given back before."""
    if rollout.kind is RolloutKind.REFRESH or rollout.alone or not pool.refresh_rollout:
        return RefreshHolds()
    rows = services.hosts.all(pool.refresh_rollout)
    in_hand = {row.host: row for row in rows if row.state in HELD_STATES}
    drained = any(row.state in DRAINED_STATES for row in in_hand.values())
    return RefreshHolds(frozenset(in_hand), drained, in_hand | _lost(services, pool, rows))


def _lost(services: Services, pool: Pool, rows: Iterable[RolloutHost]) -> dict[str, RolloutHost]:
    """Hosts that the refresh has taken out of the host pool and could not bring back.

    Only if no rollout has ended since it was noted: that may have brought them back, and they may be gone for good.
    """
    refresh = services.rollouts.find(ROLLOUTS, pool.refresh_rollout)
    lost = lost_by(refresh, pool, rows) if refresh else []
    machines = services.vms.find_many([row.vm_id for row in lost]) if lost else {}
    return {row.host: row for row in lost if still_marked(row, machines.get(row.vm_id.lower()))}


def lost_by(refresh: Rollout, pool: Pool, rows: Iterable[RolloutHost]) -> list[RolloutHost]:
    """Those of a refresh's rows whose hosts it has taken out of the host pool and could not bring back.

    None when a rollout has ended since that was noted: it may have brought them back, and they may be gone for good.
    """
    if refresh.counted_rollout != pool.last_rollout:
        return []
    return [row for row in rows if row.state is HostState.FAILED and row.removed_from_pool]


def hosts_held_by_others(services: Services, rollout: Rollout, pool: Pool) -> frozenset[str]:
    """The hosts of the pool that the other of the two has in hand now, by its rows."""
    if rollout.kind is RolloutKind.REFRESH:
        others = {pool.running_rollout, pool.last_rollout} - {""}
    else:
        others = set() if rollout.alone else {pool.refresh_rollout} - {""}
    return frozenset(row.host for other in others for row in services.hosts.all(other) if row.state in HELD_STATES)


def suspended_by(services: Services, pool: Pool, now: datetime, need: timedelta) -> str:
    """Why the refresh of the pool begins nothing now: a rollout holds the pool; empty when it may begin.

    A rollout that begins later suspends it only from when a host that takes `need` would not be through before.
    One that has just ended does so until its end is settled on the pool.
    """
    holder = pool.running_rollout
    if not holder:
        return ""
    rollout = services.rollouts.find(ROLLOUTS, holder)
    if rollout is None:
        return f"waits: rollout {holder} is about to begin" if is_valid(services, holder) else ""
    not_begun = rollout.state in {RolloutState.SCHEDULED, RolloutState.PAUSED} and rollout.started_at is None
    if not_begun and now + need < _begins(rollout, now):
        return ""
    return f"waits for the end of rollout {rollout.id}"


def _begins(rollout: Rollout, now: datetime) -> datetime:
    """When a rollout that has not begun may take its first host: its windows may open long after it is to begin."""
    moment = max(now, rollout.schedule.begin_at)
    return room_at(rollout.policy.windows, rollout.zone, moment, timedelta(seconds=rollout.first_guess))


def must_yield(services: Services, rollout: Rollout) -> bool:
    """Whether this refresh may begin nothing any more since its look began: switched off, or a rollout has come."""
    pool = services.pools.find(POOLS, rollout.pool)
    if pool is None or pool.refresh is Refresh.OFF or pool.refresh_rollout != rollout.id:
        return True
    return bool(suspended_by(services, pool, services.now(), time_needed(rollout)))


def time_needed(rollout: Rollout) -> timedelta:
    """What a host of this refresh takes from its drain to its return."""
    return timedelta(seconds=rollout.first_guess + 2 * rollout.policy.settle_seconds)


def signal_refresh(services: Services, engine: Engine, pool: Pool, reason: str) -> None:
    """Have the pool's refresh look now. A signal that gets lost costs one poll."""
    rollout = services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None
    if rollout is None or rollout.state.ended:
        return
    try:
        engine.signal_rollout(rollout.id, rollout.engine_run, reason)
    except Exception:
        log.warning("The refresh %s was not signalled (%s); its next poll sees it.", rollout.id, reason, exc_info=True)
