"""Rollouts as people see them: the list, one with its progress, its hosts."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from shared.access.subjects import rollout_subject
from shared.api.common import Listed
from shared.api.lists.rollouts import RolloutsQuery
from shared.api.rollouts import RolloutBrief, RolloutView
from shared.caches.seen_rows import SeenRows
from shared.core.states import RolloutState
from shared.models.access.roles import Reach
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.ports.ordered import Value
from shared.records.pools import running_rollout
from shared.services import ROLLOUTS, Services
from shared.views.filters import check_account_filter, check_image_filter, check_pool_filter
from shared.views.histories import Source, history_page, in_time, wanted_states
from shared.views.new_hosts import new_hosts_view
from shared.views.rollout_pages.timeline import page_fields
from shared.views.rollout_progress import brief, lost_hosts_view, progress


def list_rollouts(services: Services, reach: Reach, query: RolloutsQuery) -> Listed[RolloutBrief]:
    """A page of rollouts; read from their own rows alone. Raises InvalidRequest for an unknown name."""
    check_pool_filter(services, reach, query.pool)
    check_image_filter(services, reach, query.image)
    check_account_filter(services, reach, query.account)
    named = {"pool": query.pool, "image": query.image, "account": query.account}
    source = Source(
        services.rollouts,
        ROLLOUTS,
        lambda row: (
            rollout_subject(row).seen_by(reach)
            and (query.kind is None or row.kind in query.kind)
            and in_time(query, row)
        ),
        wanted_states(RolloutState, query, query.state),
        tuple((name, value) for name, value in named.items() if value),
    )
    page = history_page(query, [source], query.sort, _ORDERS.get(query.sort, attrgetter(query.sort)))
    now = services.now()
    return Listed[RolloutBrief](items=[brief(row, now) for row in page.rows], continuation=page.continuation)


_ORDERS: dict[str, Callable[[Rollout], Value]] = {
    "expected_end": lambda row: row.progress.last_pass.expected_end if row.progress.last_pass else None,
}


def show_rollout(services: Services, rollout: Rollout, seen: SeenRows, pool: Pool | None) -> RolloutView:
    """One rollout with its progress, from its rows. `pool`: None when it was unregistered."""
    shown = progress(rollout, seen.rows, services.now())
    shown = shown.model_copy(update=page_fields(rollout, seen))
    if pool is None:
        return shown
    shown = shown.model_copy(update={"lost_hosts": lost_hosts_view(pool, rollout.id)})
    if rollout.state.ended:
        return shown
    running = rollout if pool.running_rollout == rollout.id else running_rollout(services, pool)
    return shown.model_copy(update={"new_hosts": new_hosts_view(services, pool, running)})
