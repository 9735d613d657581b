"""A pool as people see it: its row, what was seen of it, and its rollouts. The list of pools is in `pool_lists`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.api.conditions import entity_tag
from shared.api.pools import (
    Freshness,
    HostPoolView,
    LastRolloutView,
    PolicyByMode,
    PoolRegistration,
    PoolView,
    WindowView,
)
from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError, InvalidRequest
from shared.core.hrefs import rollout_href
from shared.core.states import HostState
from shared.models.policy import Policy, ScheduleMode, resolve_policy
from shared.models.pools import Pool, PoolLook
from shared.models.rollouts import Rollout
from shared.planning.join.devices import cleanup_of
from shared.planning.windows import window_at
from shared.records.pool_looks import look_of
from shared.records.pools import find_pool, open_refresh, running_rollout
from shared.records.session_hosts import SeenHost
from shared.services import ROLLOUTS, Services
from shared.views.hosts import recent_hosts
from shared.views.new_hosts import new_hosts_view
from shared.views.rollout_progress import brief, lost_hosts_view, note_of

SETTINGS_FOR = 60.0
"""Seconds for which the settings of a host pool are shown as they were read."""
STAGED_FOR = 5.0
"""Seconds for which the staged version of an image is shown as it was read in a list of its pools."""


@dataclass(frozen=True)
class PoolRollouts:
    """The rollouts of a pool: the running one, its open refresh, and the one that ended last."""

    running: Rollout | None = None
    refresh: Rollout | None = None
    last: Rollout | None = None


def read_pool(services: Services, name: str) -> PoolView:
    """One pool; its hosts as they were a moment ago. Raises NotFound."""
    pool = find_pool(services, name)
    return read_view(services, pool, behind=True).model_copy(
        update={"policy_resolved": policy_by_mode(pool), "host_pool": _host_pool(services, pool)}
    )


def read_view(services: Services, pool: Pool, *, behind: bool, error: AzureError | None = None) -> PoolView:
    """`behind`: its hosts may be read behind the answer. Not for what is kept itself, or their ages would add up.
    `error`: why they have just not been found."""
    rollouts = read_rollouts_of(services, pool)
    staged, now = staged_version(services, pool.image), services.now()
    new_hosts = new_hosts_view(services, pool, rollouts.running)
    try:
        if error is not None:
            raise error
        seen = recent_hosts(services, pool.host_pool_id, behind=behind)
    except AzureError as refused:
        changes = {"problem": describe_azure_error("host pool", refused), "new_hosts": new_hosts}
        return view_pool(pool, None, rollouts, staged, now).model_copy(update=changes)
    return view_live(pool, seen, rollouts, staged, now).model_copy(update={"new_hosts": new_hosts})


def read_rollouts_of(services: Services, pool: Pool) -> PoolRollouts:
    """The rollouts of a pool."""
    ended = services.rollouts.find(ROLLOUTS, pool.last_rollout) if pool.last_rollout else None
    return PoolRollouts(running_rollout(services, pool), open_refresh(services, pool), ended)


def staged_version(services: Services, image: str) -> str | None:
    """The staged version of an image."""

    def read() -> str | None:
        row = services.versions.find(image, "image")
        return row.staged if row and row.kind == "state" else None

    return services.read_cache.get(("staged", image), STAGED_FOR, read)


def view_registered(services: Services, pool: Pool, seen: Sequence[SeenHost] | None) -> PoolView:
    """The pool for who has just changed it, with the hosts that were seen for that."""
    rollouts, staged = read_rollouts_of(services, pool), staged_version(services, pool.image)
    return view_live(pool, seen, rollouts, staged, services.now())


def view_live(
    pool: Pool, seen: Sequence[SeenHost] | None, rollouts: PoolRollouts, staged: str | None, now: datetime
) -> PoolView:
    """The pool with its hosts as they are; `seen` is None when they could not be read."""
    look = None if seen is None else look_of(pool.name, seen, now)
    return view_pool(pool, look, rollouts, staged, now).model_copy(update={"seen_at": None})


def view_pool(pool: Pool, look: PoolLook | None, rollouts: PoolRollouts, staged: str | None, now: datetime) -> PoolView:
    """The pool with its numbers; `look` is None when they are not known."""
    kept = pool.model_dump(include=set(PoolView.model_fields) - _COMPUTED)
    computed = {
        "etag": entity_tag(PoolRegistration.of(pool)),
        "directory_cleanup": cleanup_of(pool),
        "running_rollout": brief(rollouts.running, now) if rollouts.running else None,
        "freshness": freshness(rollouts.refresh) if rollouts.refresh else None,
        "lost_hosts": lost_hosts_view(pool),
        "staged": staged,
        "last_rollout": _last_rollout(rollouts.last) if rollouts.last else None,
        "next_window": _window(pool, now),
    }
    return PoolView.model_validate(kept | computed | (_numbers(pool, look) if look else {}))


_COMPUTED = {"running_rollout", "freshness", "lost_hosts", "last_rollout"}


def _numbers(pool: Pool, look: PoolLook) -> dict[str, object]:
    return {
        "hosts": look.hosts,
        "hosts_per_version": look.versions,
        "sessions": look.sessions,
        "accepting": look.accepting,
        "unhealthy": look.unhealthy,
        "behind": look.behind(pool.version),
        "seen_at": look.at,
    }


def _last_rollout(rollout: Rollout) -> LastRolloutView:
    return LastRolloutView(
        id=rollout.id,
        version=rollout.version,
        state=rollout.state,
        failed=rollout.progress.counts.get(HostState.FAILED, 0),
        requested_by=rollout.requested_by,
        ended_at=rollout.ended_at,
        href=rollout_href(rollout.id),
    )


def _window(pool: Pool, now: datetime) -> WindowView | None:
    windows = pool.policy.windows
    if not windows:
        return None
    found = window_at(windows, pool.time_zone, now)
    if found is None:
        return None
    opens, closes = found
    return WindowView(open=opens <= now, opens_at=opens, closes_at=closes)


def policy_by_mode(pool: Pool) -> PolicyByMode:
    """The policy that a rollout of the pool would have in each mode."""
    return PolicyByMode(**{mode.value: _resolved(mode, pool) for mode in ScheduleMode})


def _resolved(mode: ScheduleMode, pool: Pool) -> Policy | None:
    with suppress(InvalidRequest):
        return resolve_policy(mode, pool.policy)
    return None


def _host_pool(services: Services, pool: Pool) -> HostPoolView | None:
    key = ("host pool", pool.host_pool_id)
    try:
        found = services.read_cache.get(
            key, SETTINGS_FOR, lambda: services.host_pools.host_pool(pool.host_pool_id), behind=True
        )
    except AzureError:
        return None  # `problem` says why, unless only its settings may not be read
    return HostPoolView(session_limit=found.session_limit, load_balancing=found.load_balancing)


def freshness(refresh: Rollout) -> Freshness:
    """How far a pool's refresh has come, from its own row alone."""
    hosts, fresh = (
        (refresh.progress.last_pass.hosts, refresh.progress.last_pass.fresh) if refresh.progress.last_pass else (0, 0)
    )
    return Freshness(rollout=refresh.id, state=refresh.state, used=hosts - fresh, fresh=fresh, note=note_of(refresh))
