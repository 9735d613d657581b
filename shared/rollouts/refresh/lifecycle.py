"""The standing rollout behind a pool's `refresh`: begun when the pool asks for it, ended when it does not any more.

The pool's row is the wish, and names the rollout before that is written; so after a crash at any point the resume timer
finishes what was begun. The rollout ends itself: each of its looks reads the pool.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from shared.api.pools import PoolRegistration, PoolView
from shared.audit.record import audit
from shared.core.arm_ids import version_id
from shared.core.errors import AlreadyExists, Conflict
from shared.core.ids import newest_first_id
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool, Refresh
from shared.models.rollouts import Rollout, RolloutKind, Schedule
from shared.planning.host_rows import skip
from shared.planning.values import HELD_STATES
from shared.pools import registration
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.images import find_image
from shared.records.pools import find_pool
from shared.records.versions import read_versions
from shared.rollouts.refresh.context import policy_of, switched_off
from shared.rollouts.refresh.exclusion import hosts_left_outside, signal_refresh
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.pools import freshness
from shared.workflow.starting import start_rollout

log = logging.getLogger("freshcoat.refresh")

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When sessions are ended for a refresh."""


def register_pool_with_refresh(
    services: Services, engine: Engine, name: str, asked: PoolRegistration, who: str
) -> tuple[PoolView, bool]:
    """Register or change a pool, and bring its refresh in line; the answer says whether the pool is new.

    Raises what `register_pool` raises.
    """
    view, new = registration.register_pool(services, name, asked, who)
    refresh = keep_refresh(services, engine, name, who)
    if refresh and not refresh.state.ended:
        view = view.model_copy(update={"freshness": freshness(refresh)})
    return view, new


def unregister_pool(services: Services, engine: Engine, name: str, who: str) -> None:
    """End the pool's refresh and forget the pool. Raises NotFound, Conflict while hosts of it are being changed."""
    registration.refuse_during_rollout(services, find_pool(services, name))
    end_refresh(services, engine, name)
    registration.forget_pool(services, name, who)


def keep_refresh(services: Services, engine: Engine, name: str, who: str = "") -> Rollout | None:
    """Bring the standing rollout in line with what the pool asks for. Safe to repeat. Raises NotFound.

    The answer is that rollout; None when the pool never had one, or no version is known yet to begin with.
    """
    pool = find_pool(services, name)
    rollout = _refresh_rollout(services, pool)
    if pool.refresh is Refresh.OFF:
        signal_refresh(services, engine, pool, "refresh was switched off")
        return rollout
    if rollout is not None and not rollout.state.ended:
        signal_refresh(services, engine, pool, "the pool was registered anew")
        return rollout
    if _first_version(services, pool) is None:
        log.warning("pool %s is not refreshed yet: no version is known that its hosts could get", name)
        return None
    return _begin(services, engine, _name_it(services, pool, over=rollout is not None), who)


def _refresh_rollout(services: Services, pool: Pool) -> Rollout | None:
    return services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None


def _name_it(services: Services, pool: Pool, *, over: bool) -> Pool:
    """The pool with the id of its standing rollout on it: of two workers one chooses it. Raises Conflict."""
    ended = pool.refresh_rollout if over else ""

    def decide(pool: Pool) -> Pool | None:
        if pool.refresh_rollout not in {"", ended}:
            return None
        named = newest_first_id(services.now())
        _start_lost(services, pool, named)
        return pool.model_copy(update={"refresh_rollout": named})

    return change(services.pools, (POOLS, pool.name), decide, describe="pool", known=pool)[1]


def _start_lost(services: Services, pool: Pool, named: str) -> None:
    """Give the next refresh the hosts that this one has taken out of the host pool and could not bring back: no list
    shows them any more, so they would be nobody's. Rows under a name that the pool does not take are nothing to anyone.
    """
    refresh = _refresh_rollout(services, pool)
    if refresh is None:
        return
    lost = hosts_left_outside(refresh, pool, services.hosts.all(refresh.id))
    services.hosts.write_many([row.model_copy(update={"rollout": named, "etag": None}) for row in lost])


def _begin(services: Services, engine: Engine, pool: Pool, who: str) -> Rollout | None:
    drafted = _draft(services, pool, who)
    if drafted is None or pool.refresh is Refresh.OFF:
        return None
    try:
        rollout = services.rollouts.add(drafted)
        audit(services, who, "refresh pool", pool.name, f"rollout {rollout.id}", after=pool.refresh)
    except AlreadyExists:
        return _refresh_rollout(services, pool)  # another worker was faster
    start_rollout(engine, rollout)
    return rollout


def _first_version(services: Services, pool: Pool) -> str | None:
    """What to begin with; each look finds out which it is to be then."""
    return pool.version or read_versions(services, pool.image).state.active


def _draft(services: Services, pool: Pool, who: str) -> Rollout | None:
    image, version, now = find_image(services, pool.image), _first_version(services, pool), services.now()
    if version is None:
        return None
    return Rollout(
        id=pool.refresh_rollout,
        kind=RolloutKind.REFRESH,
        pool=pool.name,
        state=RolloutState.RUNNING,
        image=image.name,
        definition_id=image.definition_id,
        version=version,
        version_id=version_id(image.definition_id, version),
        replicas=1,
        from_version=pool.version,
        schedule=Schedule(mode=ScheduleMode.ON_LOGOFF, begin_at=now, force_at=NEVER, time_zone=pool.time_zone),
        policy=policy_of(pool),
        zone=pool.time_zone,
        requested_by=who,
        created_at=now,
        started_at=now,
        counted_rollout=pool.last_rollout,
    )


def end_refresh(services: Services, engine: Engine, name: str) -> None:
    """Switch the pool's refresh off and end it, without asking Azure. Raises NotFound.

    Raises Conflict while it has hosts in hand: drained ones are given back and those in work finished, then it ends.
    """
    pool = _switched_off(services, find_pool(services, name))
    rollout = _cancelled(services, pool)
    if rollout is None or rollout.state.ended:
        return
    rows = services.hosts.all(rollout.id)
    if any(row.state in HELD_STATES for row in rows):
        signal_refresh(services, engine, pool, "the pool is to be unregistered")
        text = "Hosts of this pool are being made fresh. That is switched off now; ask again when they are through."
        raise Conflict(text, rollout=rollout.id)
    now = services.now()
    waiting = [row for row in rows if row.state is HostState.PENDING]
    services.hosts.write_many([skip(row, "the pool was unregistered", now) for row in waiting])
    state = transition_rollout(rollout.id, rollout.state, RolloutState.CANCELLED)
    services.rollouts.replace(rollout.model_copy(update={"state": state, "ended_at": now}))


def _cancelled(services: Services, pool: Pool) -> Rollout | None:
    """The standing rollout, written as cancelled before its rows are read: from then on it begins no host."""

    def decide(rollout: Rollout) -> Rollout | None:
        over = rollout.state.ended or rollout.state is RolloutState.CANCELLING
        return None if over else switched_off(rollout)

    rollout = _refresh_rollout(services, pool)
    if rollout is None:
        return None
    return change(services.rollouts, (ROLLOUTS, rollout.id), decide, describe="rollout", known=rollout)[1]


def _switched_off(services: Services, pool: Pool) -> Pool:
    def decide(pool: Pool) -> Pool | None:
        return None if pool.refresh is Refresh.OFF else pool.model_copy(update={"refresh": Refresh.OFF})

    return change(services.pools, (POOLS, pool.name), decide, describe="pool", known=pool)[1]
