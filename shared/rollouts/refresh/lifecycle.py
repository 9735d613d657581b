"""Starts and ends the rollout behind a pool's `refresh`, and registers or unregisters a pool together with it.

The pool's row holds the setting and the id of the refresh rollout. The id is written before the rollout itself, so that
the resume timer can finish after a crash at any point. The rollout ends by itself, because each of its passes reads the
pool.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from shared.api.edits import Edit
from shared.api.pools import PoolRegistration, PoolView
from shared.audit.about import about_rollout
from shared.audit.record import audit
from shared.core.arm_ids import version_id
from shared.core.codes import Code
from shared.core.errors import AlreadyExists, Conflict
from shared.core.ids import newest_first_id
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.history.write import rollout_changed
from shared.models.access.roles import Reach
from shared.models.messages import message
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool, Refresh
from shared.models.rollout_parts import Before, Exclusion
from shared.models.rollouts import Rollout, RolloutKind, Schedule
from shared.planning.host_rows import skip
from shared.planning.values import HELD_STATES
from shared.pools import registration
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.images import find_image
from shared.records.pools import find_pool
from shared.records.versions import read_versions
from shared.rollouts.refresh.context import as_cancelling, policy_of
from shared.rollouts.refresh.end_without_pool import end_without_pool
from shared.rollouts.refresh.exclusion import hosts_left_outside, signal_refresh
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.pools import freshness
from shared.workflow.starting import start_rollout

log = logging.getLogger("freshcoat.refresh")

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""`force_at` of a refresh, which signs nobody out."""

_UNREGISTERED = message(Code.POOL_UNREGISTERED, "the pool was unregistered")


def register_pool_with_refresh(
    services: Services, engine: Engine, name: str, edit: Edit[PoolRegistration], who: str, reach: Reach
) -> tuple[PoolView, bool]:
    """Register or change a pool, and start or stop its refresh; the flag says whether the pool is new.

    Raises what `register_pool` raises.
    """
    view, new = registration.register_pool(services, name, edit, who, reach)
    refresh = ensure_refresh(services, engine, name, who)
    if refresh and not refresh.state.ended:
        view = view.model_copy(update={"freshness": freshness(refresh)})
    return view, new


def unregister_pool(services: Services, engine: Engine, name: str, who: str, *, force: bool = False) -> None:
    """End the pool's refresh and delete the pool. Raises NotFound, Conflict while its hosts are being changed.

    `force` ends its rollout and its refresh at once, if the host pool is gone. Raises AzureBusy.
    """
    pool = find_pool(services, name)
    if force:
        end_without_pool(services, pool, who)
    registration.refuse_during_rollout(services, pool)
    end_refresh(services, engine, name)
    registration.forget_pool(services, name, who)


def ensure_refresh(services: Services, engine: Engine, name: str, who: str = "") -> Rollout | None:
    """Start the pool's refresh rollout if it is missing, or signal it to read the pool's setting. Safe to repeat.

    Returns the refresh rollout; None when the pool never had one, or when no version to start with is known yet. Raises
    NotFound.
    """
    pool = find_pool(services, name)
    rollout = _refresh_rollout(services, pool)
    if pool.refresh is Refresh.OFF:
        signal_refresh(services, engine, pool, "refresh was switched off")
        return rollout
    if rollout is not None and not rollout.state.ended:
        signal_refresh(services, engine, pool, "the pool registration changed")
        return rollout
    if _first_version(services, pool) is None:
        log.warning("pool %s is not refreshed yet: no version for its hosts is known", name)
        return None
    return _begin(services, engine, _reserve_id(services, pool, ended=rollout is not None), who)


def _refresh_rollout(services: Services, pool: Pool) -> Rollout | None:
    return services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None


def _reserve_id(services: Services, pool: Pool, *, ended: bool) -> Pool:
    """The pool with the id of its next refresh rollout; one of two concurrent workers chooses it. Raises Conflict."""
    old_id = pool.refresh_rollout if ended else ""

    def decide(pool: Pool) -> Pool | None:
        if pool.refresh_rollout not in {"", old_id}:
            return None
        new_id = newest_first_id(services.now())
        _copy_hosts_left_outside(services, pool, new_id)
        return pool.model_copy(update={"refresh_rollout": new_id})

    return change(services.pools, (POOLS, pool.name), decide, describe="pool", known=pool)[1]


def _copy_hosts_left_outside(services: Services, pool: Pool, new_id: str) -> None:
    """Copy the rows of hosts that the old refresh could not bring back into the host pool to the next refresh.

    The host pool does not list them any more, so without their rows nobody would find them. If another worker's id
    wins, the copies under `new_id` are never read.
    """
    refresh = _refresh_rollout(services, pool)
    if refresh is None:
        return
    outside = hosts_left_outside(refresh, pool, services.hosts.all(refresh.id))
    services.hosts.write_many([row.model_copy(update={"rollout": new_id, "etag": None}) for row in outside])


def _begin(services: Services, engine: Engine, pool: Pool, who: str) -> Rollout | None:
    draft = _draft(services, pool, who)
    if draft is None or pool.refresh is Refresh.OFF:
        return None
    try:
        rollout = services.rollouts.add(draft)
        rollout_changed(services, None, rollout)
        about = about_rollout(rollout)
        audit(services, who, "refresh pool", pool.name, f"rollout {rollout.id}", after=pool.refresh, about=about)
    except AlreadyExists:
        return _refresh_rollout(services, pool)  # another worker was faster
    start_rollout(engine, rollout)
    return rollout


def _first_version(services: Services, pool: Pool) -> str | None:
    """The version to start with; every reconcile pass chooses the current one."""
    return pool.version or read_versions(services, pool.image).state.active


def _draft(services: Services, pool: Pool, who: str) -> Rollout | None:
    image, version, now = find_image(services, pool.image), _first_version(services, pool), services.now()
    if version is None:
        return None
    return Rollout(
        id=pool.refresh_rollout,
        kind=RolloutKind.REFRESH,
        pool=pool.name,
        account=pool.account,
        state=RolloutState.RUNNING,
        image=image.name,
        definition_id=image.definition_id,
        version=version,
        version_id=version_id(image.definition_id, version),
        replicas=1,
        schedule=Schedule(mode=ScheduleMode.ON_LOGOFF, begin_at=now, force_at=NEVER, time_zone=pool.time_zone),
        policy=policy_of(pool),
        zone=pool.time_zone,
        requested_by=who,
        created_at=now,
        started_at=now,
        before=Before(version=pool.version),
        exclusion=Exclusion(counted_rollout=pool.last_rollout),
    )


def end_refresh(services: Services, engine: Engine, name: str) -> None:
    """Switch the pool's refresh off and end it, without asking Azure. Raises NotFound.

    Raises Conflict while it holds hosts: drained hosts return to service and hosts in work finish, then it ends.
    """
    pool = _switch_off(services, find_pool(services, name))
    rollout = _cancel_rollout(services, pool)
    if rollout is None or rollout.state.ended:
        return
    rows = services.hosts.all(rollout.id)
    if any(row.state in HELD_STATES for row in rows):
        signal_refresh(services, engine, pool, "the pool is to be unregistered")
        text = "Hosts of this pool are still being refreshed. The refresh is now off; try again when it has ended."
        raise Conflict(text, rollout=rollout.id)
    now = services.now()
    waiting = [row for row in rows if row.state is HostState.PENDING]
    services.hosts.write_many([skip(row, _UNREGISTERED, now).stamped(now) for row in waiting])
    state = transition_rollout(rollout.id, rollout.state, RolloutState.CANCELLED)
    ended = services.rollouts.replace(rollout.model_copy(update={"state": state, "ended_at": now}))
    rollout_changed(services, rollout, ended)


def _cancel_rollout(services: Services, pool: Pool) -> Rollout | None:
    """Mark the refresh rollout as cancelling, so that it starts no host after its rows are read; return it."""

    def decide(rollout: Rollout) -> Rollout | None:
        stops = rollout.state.ended or rollout.state is RolloutState.CANCELLING
        return None if stops else as_cancelling(rollout)

    rollout = _refresh_rollout(services, pool)
    if rollout is None:
        return None
    key = ROLLOUTS, rollout.id
    before, cancelled = change(services.rollouts, key, decide, describe="rollout", known=rollout)
    rollout_changed(services, before, cancelled)
    return cancelled


def _switch_off(services: Services, pool: Pool) -> Pool:
    def decide(pool: Pool) -> Pool | None:
        return None if pool.refresh is Refresh.OFF else pool.model_copy(update={"refresh": Refresh.OFF})

    return change(services.pools, (POOLS, pool.name), decide, describe="pool", known=pool)[1]
