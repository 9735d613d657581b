"""How far the pools of a task have come, from its row and the rows of their rollouts. Pure, but for reading those."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.core.states import RolloutState
from shared.models.rollouts import Rollout
from shared.models.tasks import PoolsWork
from shared.planning.rings import NextMove, PoolStanding, next_move
from shared.publishing import progress
from shared.services import ROLLOUTS, Services

type Begun = Mapping[str, Rollout]
"""Pool -> its rollout in a task; without those that are noted and not begun."""


def read_rollouts(services: Services, pools: PoolsWork) -> dict[str, Rollout]:
    """The rollouts that the task has begun. Ids are noted first: some may not be there yet."""
    found = {pool: services.rollouts.find(ROLLOUTS, rollout) for pool, rollout in pools.rollouts.items()}
    return {pool: rollout for pool, rollout in found.items() if rollout}


def not_begun(services: Services, pools: PoolsWork) -> str:
    """A sentence that names the pools whose rollout was not begun; empty when all were."""
    begun = read_rollouts(services, pools)
    left = [name for name in pools.update.pools if name not in begun]
    return f" Pools that were not begun: {', '.join(left)}." if left else ""


def not_updated(pools: PoolsWork) -> str:
    """A sentence for each pool that is not updated after all, saying why."""
    return "".join(f" Pool {name} was not updated: {why}." for name, why in sorted(pools.skipped.items()))


def standings_of(pools: PoolsWork, begun: Begun) -> list[PoolStanding]:
    """How far each pool has come; without those that are not updated after all."""
    return [_standing(pools, name, begun.get(name)) for name in pools.update.pools if name not in pools.skipped]


def _standing(pools: PoolsWork, name: str, rollout: Rollout | None) -> PoolStanding:
    ring = pools.update.rings.get(name, 0)
    if rollout is None:
        why = pools.refused.get(name, "")
        return PoolStanding(name, ring, RolloutState.FAILED if why else None, why=why)
    return PoolStanding(name, ring, rollout.state, rollout.ended_at)


def move_of(pools: PoolsWork, begun: Begun, now: datetime) -> NextMove:
    """What the task does next with its pools."""
    return next_move(standings_of(pools, begun), timedelta(minutes=pools.update.soak_minutes), now, pools.closed)


def percent_of(pools: PoolsWork, begun: Begun) -> int:
    """Percent of the work on the pools that is done: the mean of their rollouts', those not begun being at 0."""
    counted = [name for name in pools.update.pools if name not in pools.skipped]
    return sum(progress.brief(begun[name]).percent for name in counted if name in begun) // max(1, len(counted))
