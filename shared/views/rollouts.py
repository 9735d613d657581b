"""Rollouts as people see them: the list, one with its progress, its hosts."""

from __future__ import annotations

from typing import Any

from shared.api.common import Listed
from shared.api.rollouts import RolloutBrief, RolloutHostView, RolloutView
from shared.core.states import HostState, RolloutState
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind, goal_of
from shared.records.rollouts import find_rollout
from shared.services import ROLLOUTS, Services
from shared.views.hosts import recent_rows
from shared.views.rollout_progress import brief, progress


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
    return progress(rollout, recent_rows(services, rollout), services.now())


def list_rollout_hosts(
    services: Services, rollout_id: str, *, state: HostState | None, limit: int, continuation: str | None
) -> Listed[RolloutHostView]:
    """A page of the rollout's hosts by name, of one state if given. Raises NotFound."""
    rollout = find_rollout(services, rollout_id)
    equal: dict[str, Any] = {"state": state} if state else {}
    page = services.hosts.page(rollout_id, limit=limit, continuation=continuation, **equal)
    views = [view_host(row, rollout) for row in page.rows]
    return Listed[RolloutHostView](items=views, continuation=page.continuation)


_HOW_BACK = {"swap": " on its kept disk", "reimage": " by re-imaging", "replace": " by replacement"}
_COMPUTED = {"target", "reason", "from_version", "strategy", "old_disk_id"}


def view_host(host: RolloutHost, rollout: Rollout) -> RolloutHostView:
    """One host of a rollout, for people."""
    kept = {name: getattr(host, name) for name in RolloutHostView.model_fields if name not in _COMPUTED}
    computed = {
        "target": goal_of(rollout, host).version,
        "reason": reason_of(host, rollout),
        "from_version": host.found.from_version,
        "strategy": host.rebuild.strategy,
        "old_disk_id": host.disks.old_id,
    }
    return RolloutHostView.model_validate(kept | computed)


def reason_of(host: RolloutHost, rollout: Rollout) -> str:
    """Why the host is on the version it is on; before its end, why nothing is done with it yet. Empty only then."""
    match host.state:
        case HostState.DONE:
            return _came_to(host, rollout) + _as_found(host)
        case HostState.SKIPPED:
            return host.reason or "nothing was done with it"
        case HostState.FAILED:
            failed = "failed on its way back" if host.rolling_back else "failed"
            return f"{failed}: {host.error or host.step or 'no error is known'}"
        case _ if rollout.state.ended:
            return host.reason or "the rollout ended before it was its turn"
        case _:
            return host.reason


def _came_to(host: RolloutHost, rollout: Rollout) -> str:
    version = host.version or goal_of(rollout, host).version
    if host.rolling_back or rollout.kind is RolloutKind.ROLL_BACK:
        return f"went back to {version}{_HOW_BACK.get(host.rebuild.strategy, '')}"
    if rollout.kind is RolloutKind.REFRESH:
        return f"made fresh on {version}"
    return f"updated to {version}"


def _as_found(host: RolloutHost) -> str:
    """What was given back as it had been found, so that nobody wonders why it serves nobody."""
    if host.found.was_off:
        return "; switched off, as it was before"
    return "; drained, as it was before" if host.found.operator_drained else ""
