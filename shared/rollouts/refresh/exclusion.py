"""Mutual exclusion between a rollout and the pool's refresh: a host is handled by only one of them at a time.

Each side writes its intent first and reads the other's afterwards, so at least one of two concurrent starters sees the
other:

- a rollout claims the pool and is marked as started; then it reads the refresh's rows, and acts;
- a refresh marks a host's row as held; then it reads the pool and the rollout that holds it, and acts.

A refresh that finds a started rollout returns its drained hosts to service and finishes its rebuilds. The rollout skips
these hosts until their rows are released. When none is held any more, it stops reading the refresh (`alone`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.hrefs import rollout_href
from shared.core.states import HostState, RolloutState
from shared.models.messages import Message, message
from shared.models.pools import Pool, Refresh
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.values import DRAINED_STATES, HELD_STATES
from shared.planning.windows import room_at
from shared.pools.claim import is_valid
from shared.ports.engine import Engine
from shared.rollouts.hosts.earlier_failures import adopt, still_marked
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.reconcile")


@dataclass(frozen=True)
class RefreshHolds:
    """The hosts that the pool's refresh still holds during a rollout's pass.

    `drained`: some of them are only drained, so that they could return to service at once. `rows`: the rows of hosts
    that the refresh may have removed from the host pool.
    """

    held: frozenset[str] = frozenset()
    drained: bool = False
    rows: Mapping[str, RolloutHost] = field(default_factory=dict)

    def rows_of_unlisted(
        self, rollout: Rollout, seen: Iterable[str], stored: Mapping[str, RolloutHost]
    ) -> dict[str, RolloutHost]:
        """Rows for hosts of the refresh that the host pool does not list; the rollout must not end without them.

        Hosts on which the refresh failed outside the host pool are brought back by the rollout, but not by a retry.
        """
        listed = set(seen)
        return {
            host: self._row_of_unlisted(rollout, row, stored.get(host))
            for host, row in self.rows.items()
            if host not in listed and (host in stored or not rollout.failed_hosts_only)
        }

    def _row_of_unlisted(self, rollout: Rollout, row: RolloutHost, own: RolloutHost | None) -> RolloutHost:
        if own is not None and (own.state is not HostState.PENDING or own.removed_from_pool):
            return own
        if row.state is HostState.FAILED:
            first = adopt(rollout, row)
        else:
            first = own or RolloutHost(rollout=rollout.id, host=row.host, vm_id=row.vm_id)
        return first.written_over(own)


def read_refresh_holds(services: Services, rollout: Rollout, pool: Pool) -> RefreshHolds:
    """The hosts that the pool's refresh holds. Must be read before the list of session hosts: a host that these rows do
    not hold was then back in service when the list was read."""
    if rollout.kind is RolloutKind.REFRESH or rollout.exclusion.alone or not pool.refresh_rollout:
        return RefreshHolds()
    rows = services.hosts.all(pool.refresh_rollout)
    held = {row.host: row for row in rows if row.state in HELD_STATES}
    drained = any(row.state in DRAINED_STATES for row in held.values())
    return RefreshHolds(frozenset(held), drained, held | _read_hosts_left_outside(services, pool, rows))


def _read_hosts_left_outside(services: Services, pool: Pool, rows: Iterable[RolloutHost]) -> dict[str, RolloutHost]:
    """The hosts of `hosts_left_outside` whose VMs still carry the refresh's mark."""
    refresh = services.rollouts.find(ROLLOUTS, pool.refresh_rollout)
    outside = hosts_left_outside(refresh, pool, rows) if refresh else []
    vms = services.vms.find_many([row.vm_id for row in outside]) if outside else {}
    return {row.host: row for row in outside if still_marked(row, vms.get(row.vm_id.lower()))}


def hosts_left_outside(refresh: Rollout, pool: Pool, rows: Iterable[RolloutHost]) -> list[RolloutHost]:
    """Rows of hosts that the refresh removed from the host pool and could not bring back.

    Empty when a rollout has ended since the failure: it may have brought them back, or they may have been deleted.
    """
    if refresh.exclusion.counted_rollout != pool.last_rollout:
        return []
    return [row for row in rows if row.state is HostState.FAILED and row.removed_from_pool]


def hosts_held_by_others(services: Services, rollout: Rollout, pool: Pool) -> frozenset[str]:
    """The hosts that the other side (refresh or rollout) holds now, according to its rows."""
    if rollout.kind is RolloutKind.REFRESH:
        others = {pool.running_rollout, pool.last_rollout} - {""}
    else:
        others = set() if rollout.exclusion.alone else {pool.refresh_rollout} - {""}
    return frozenset(row.host for other in others for row in services.hosts.all(other) if row.state in HELD_STATES)


_MAY_WAIT = frozenset({RolloutState.SCHEDULED, RolloutState.AWAITING_APPROVAL, RolloutState.PAUSED})
_WAITS_FOR_START = message(Code.WAITS_FOR_ROLLOUT, "waits for a rollout that is about to start")


def suspended_by(services: Services, pool: Pool, now: datetime, need: timedelta) -> Message | None:
    """Why a rollout keeps the pool's refresh from starting hosts now; None when it may start them.

    A scheduled rollout suspends the refresh once a host that takes `need` could not finish before it. An ended rollout
    suspends it until its outcome is recorded on the pool.
    """
    holder = pool.running_rollout
    if not holder:
        return None
    rollout = services.rollouts.find(ROLLOUTS, holder)
    if rollout is None:
        return _WAITS_FOR_START if is_valid(services, pool) else None
    not_begun = rollout.state in _MAY_WAIT and rollout.started_at is None
    if not_begun and now + need < _first_start(rollout, now):
        return None
    return message(Code.WAITS_FOR_ROLLOUT, "waits for the end of a rollout", href=rollout_href(rollout.id))


def _first_start(rollout: Rollout, now: datetime) -> datetime:
    """When a scheduled rollout may start its first host; its maintenance windows may open long after `begin_at`."""
    earliest = max(now, rollout.schedule.begin_at)
    return room_at(rollout.policy.windows, rollout.zone, earliest, timedelta(seconds=rollout.first_guess))


def must_yield(services: Services, rollout: Rollout) -> bool:
    """Whether this refresh must not start hosts in this pass: it was switched off, or a rollout claimed the pool."""
    pool = services.pools.find(POOLS, rollout.pool)
    if pool is None or pool.refresh is Refresh.OFF or pool.refresh_rollout != rollout.id:
        return True
    return suspended_by(services, pool, services.now(), time_needed(rollout)) is not None


def time_needed(rollout: Rollout) -> timedelta:
    """The time that a host of this refresh takes from its drain to its return to service."""
    return timedelta(seconds=rollout.first_guess + 2 * rollout.policy.settle_seconds)


def signal_refresh(services: Services, engine: Engine, pool: Pool, reason: str) -> None:
    """Make the pool's refresh run a pass now. A lost signal is picked up at the next poll."""
    rollout = services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None
    if rollout is None or rollout.state.ended:
        return
    try:
        engine.signal_rollout(rollout.id, rollout.engine_run, reason)
    except Exception:
        log.warning(
            "Refresh %s could not be signalled (%s); its next poll reads the change.", rollout.id, reason, exc_info=True
        )
