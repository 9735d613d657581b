"""Rollouts as people see them: the list, one with its progress, its hosts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.access.subjects import rollout_subject
from shared.api.common import Listed
from shared.api.rollouts import RolloutBrief, RolloutHostView, RolloutView
from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.core.steps import during
from shared.models.access.roles import Reach
from shared.models.messages import Message, message, quote
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind, goal_of
from shared.records.pools import running_rollout
from shared.records.rollouts import find_rollout
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.azure_waits import not_past, waiting_reason, waiting_view
from shared.views.filters import check_pool_filter
from shared.views.hosts import recent_rows, target_of
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
    return Listed[RolloutBrief](items=[brief(row) for row in page.rows], continuation=page.continuation)


def read_rollout(services: Services, rollout_id: str) -> RolloutView:
    """One rollout with its progress. Raises NotFound."""
    rollout = find_rollout(services, rollout_id)
    shown = progress(rollout, recent_rows(services, rollout), services.now())
    pool = services.pools.find(POOLS, rollout.pool)
    if pool is None:
        return shown
    shown = shown.model_copy(update={"lost_hosts": lost_hosts_view(pool, rollout.id)})
    if rollout.state.ended:
        return shown
    running = rollout if pool.running_rollout == rollout.id else running_rollout(services, pool)
    return shown.model_copy(update={"new_hosts": new_hosts_view(services, pool, running)})


def list_rollout_hosts(
    services: Services, rollout_id: str, *, state: HostState | None, limit: int, continuation: str | None
) -> Listed[RolloutHostView]:
    """A page of the rollout's hosts by name, of one state if given. Raises NotFound."""
    rollout = find_rollout(services, rollout_id)
    equal: dict[str, Any] = {"state": state} if state else {}
    page = services.hosts.page(rollout_id, limit=limit, continuation=continuation, **equal)
    views = [view_host(row, rollout, services.now()) for row in page.rows]
    return Listed[RolloutHostView](items=views, continuation=page.continuation)


_HOW_BACK = {"swap": " on its kept disk", "reimage": " by re-imaging", "replace": " by replacement"}
_COMPUTED = {"target", "reason", "waiting", "from_version", "strategy", "old_disk_id"}


def view_host(host: RolloutHost, rollout: Rollout, now: datetime) -> RolloutHostView:
    """One host of a rollout, for people."""
    kept = {name: getattr(host, name) for name in RolloutHostView.model_fields if name not in _COMPUTED}
    computed = {
        "target": target_of(rollout, host),
        "reason": waiting_reason(host, now) or not_past(reason_of(host, rollout), now),
        "waiting": waiting_view(host, now),
        "from_version": host.found.from_version,
        "strategy": host.rebuild.strategy,
        "old_disk_id": host.disks.old_id,
    }
    return RolloutHostView.model_validate(kept | computed)


def reason_of(host: RolloutHost, rollout: Rollout) -> Message | None:
    """Why the host is on its version; before its end, why nothing is done with it yet. None only then."""
    match host.state:
        case HostState.DONE:
            code, text = _outcome(host, rollout)
            return message(code, text + _restored_state(host))
        case HostState.SKIPPED:
            return host.reason or _NOTHING_DONE
        case HostState.FAILED:
            failed = "failed during its roll-back" if host.rolling_back else "failed"
            return message(
                Code.HOST_FAILED, f"{failed}: {quote(host.error or during(host.step) or 'no error is known')}"
            )
        case _ if rollout.state.ended:
            return host.reason or _ROLLOUT_ENDED
        case _:
            return host.reason


_NOTHING_DONE = message(Code.NOT_UPDATED, "nothing was done with it")
_ROLLOUT_ENDED = message(Code.ROLLOUT_ENDED, "the rollout ended before it was its turn")


def _outcome(host: RolloutHost, rollout: Rollout) -> tuple[Code, str]:
    version = host.version or goal_of(rollout, host).version
    if host.rolling_back or rollout.kind is RolloutKind.ROLL_BACK:
        return Code.ROLLED_BACK, f"rolled back to {version}{_HOW_BACK.get(host.rebuild.strategy, '')}"
    if rollout.kind is RolloutKind.REFRESH:
        return Code.REFRESHED, f"refreshed on {version}"
    return Code.UPDATED, f"updated to {version}"


def _restored_state(host: RolloutHost) -> str:
    """Why an updated host serves nobody: it was switched off or drained before, and this was restored."""
    if host.stays_on:
        return "; stays on because it was in use, though it was off before"
    if host.found.was_off:
        return "; switched off, as it was before"
    return "; drained, as it was before" if host.found.operator_drained else ""
