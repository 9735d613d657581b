"""Rollouts as people see them: the list, one with its progress, its hosts."""

from __future__ import annotations

from typing import Any

from shared.access.subjects import rollout_subject
from shared.api.common import Listed
from shared.api.rollouts import RolloutBrief, RolloutView
from shared.caches.seen_rows import SeenRows
from shared.core.states import RolloutState
from shared.models.access.roles import Reach
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.records.pools import running_rollout
from shared.services import ROLLOUTS, Services
from shared.views.filters import check_pool_filter
from shared.views.new_hosts import new_hosts_view
from shared.views.rollout_progress import brief, lost_hosts_view, progress
from shared.views.visible import visible_page


def list_rollouts(
    services: Services,
    reach: Reach,
    *,
    pool: str | None,
    state: RolloutState | None,
    limit: int,
    continuation: str | None,
) -> Listed[RolloutBrief]:
    """A page of rollouts, newest first, of one pool or state if given; read from their own rows alone.

    Raises InvalidRequest for an unknown pool.
    """
    check_pool_filter(services, reach, pool)
    equal: dict[str, Any] = {}
    if pool:
        equal["pool"] = pool
    if state:
        equal["state"] = state
    page = visible_page(
        services.rollouts,
        ROLLOUTS,
        lambda row: rollout_subject(row).seen_by(reach),
        limit=limit,
        continuation=continuation,
        **equal,
    )
    return Listed[RolloutBrief](items=[brief(row, services.now()) for row in page.rows], continuation=page.continuation)


def show_rollout(services: Services, rollout: Rollout, seen: SeenRows, pool: Pool | None) -> RolloutView:
    """One rollout with its progress, from its rows. `pool`: None when it was unregistered."""
    shown = progress(rollout, seen.rows, services.now())
    shown = shown.model_copy(update={"as_of": seen.as_of, "mark": seen.mark})
    if pool is None:
        return shown
    shown = shown.model_copy(update={"lost_hosts": lost_hosts_view(pool, rollout.id)})
    if rollout.state.ended:
        return shown
    return shown.model_copy(update={"new_hosts": new_hosts_view(services, pool, running_rollout(services, pool))})
