"""Rollouts, for people: the list, one with its progress, its hosts."""

from __future__ import annotations

from typing import Any

from shared.api.common import Listed
from shared.api.rollouts import RolloutBrief, RolloutHostView, RolloutView
from shared.core.states import HostState, RolloutState
from shared.publishing.host_report import view_host
from shared.publishing.progress import brief, progress
from shared.records.rollouts import find_rollout
from shared.services import ROLLOUTS, Services
from shared.views.hosts import rows_lately


def list_rollouts(
    services: Services,
    *,
    pool: str | None,
    state: RolloutState | None,
    limit: int,
    continuation: str | None,
) -> Listed[RolloutBrief]:
    """A page of rollouts, newest first, of one pool or state if given; read from their own rows alone."""
    equal: dict[str, Any] = {}
    if pool:
        equal["pool"] = pool
    if state:
        equal["state"] = state
    page = services.rollouts.page(ROLLOUTS, limit=limit, continuation=continuation, **equal)
    return Listed[RolloutBrief](items=[brief(row) for row in page.rows], continuation=page.continuation)


def read_rollout(services: Services, rollout_id: str) -> RolloutView:
    """One rollout with its progress. Raises NotFound."""
    rollout = find_rollout(services, rollout_id)
    return progress(rollout, rows_lately(services, rollout), services.now())


def list_rollout_hosts(
    services: Services, rollout_id: str, *, state: HostState | None, limit: int, continuation: str | None
) -> Listed[RolloutHostView]:
    """A page of the rollout's hosts by name, of one state if given. Raises NotFound."""
    rollout = find_rollout(services, rollout_id)
    equal: dict[str, Any] = {"state": state} if state else {}
    page = services.hosts.page(rollout_id, limit=limit, continuation=continuation, **equal)
    views = [view_host(row, rollout) for row in page.rows]
    return Listed[RolloutHostView](items=views, continuation=page.continuation)
