"""Writing the row of a rollout whose pool is claimed: afterwards it is driven, or it has ended and the pool is free."""

from __future__ import annotations

import logging

from shared.api.pools import UpdateImageRequest
from shared.api.rollouts import RolloutView
from shared.audit.record import audit
from shared.core.errors import AzureBusy, Conflict
from shared.core.states import RolloutState
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.pools.claim import claim, free_pool, refuse_second, release_claim
from shared.ports.engine import Engine
from shared.records.pools import find_pool
from shared.records.versions import read_versions
from shared.rollouts.draft import RolloutSpec, draft, spec_of_request
from shared.services import ROLLOUTS, Services
from shared.versions.removal_rules import is_being_removed
from shared.views.rollout_progress import progress


def write_rollout(services: Services, rollout: Rollout) -> Rollout:
    """Write the row, and make sure that pool and version are still the rollout's to take.

    Raises Conflict when they are not (the row is ended then), AzureBusy.
    """
    written = _write(services, rollout)
    _refuse_version_being_removed(services, written)
    return written


def _write(services: Services, rollout: Rollout) -> Rollout:
    """Write the row; the claim is given back when it cannot be, and must still be ours when it is."""
    try:
        written = services.rollouts.add(rollout)
    except AzureBusy:
        # Perhaps only the answer was lost. When the tables do not even say that, the claim stays: with the row
        # the resume timer drives the rollout, without it the claim lapses.
        found = services.rollouts.find(ROLLOUTS, rollout.id)
        if found is None:
            release_claim(services, rollout.pool, rollout.id)
            raise
        written = found
    except Exception:
        release_claim(services, rollout.pool, rollout.id)
        raise
    holder = find_pool(services, rollout.pool).running_rollout
    if holder == rollout.id:
        return written
    # So slow that somebody took the claim for a dead one: theirs goes on, ours must not be picked up.
    note = f"Rollout {holder} took the pool before this one was written."
    _end_before_start(services, written, note)
    raise Conflict(note, rollout=holder)


def _refuse_version_being_removed(services: Services, rollout: Rollout) -> None:
    """Look at the version once more, now that the rollout is written.

    Whoever removes a version marks it first and then looks for rollouts: so of two at once one sees the other.
    """
    if is_being_removed(read_versions(services, rollout.image), rollout.version):
        note = f"Version {rollout.version} is being removed, or was discarded: choose another one."
        _end_before_start(services, rollout, note)
        release_claim(services, rollout.pool, rollout.id)
        raise Conflict(note)


def _end_before_start(services: Services, rollout: Rollout, note: str) -> None:
    services.rollouts.replace(
        rollout.model_copy(update={"state": RolloutState.FAILED, "note": note, "ended_at": services.now()})
    )


_log = logging.getLogger(__name__)


def update_image(services: Services, engine: Engine, name: str, asked: UpdateImageRequest, who: str) -> RolloutView:
    """Start Update Image on a pool.

    Raises NotFound, InvalidRequest, PreflightFailed (nothing was written), Conflict with the id of the
    rollout that is in the way, AzureBusy.
    """
    pool = free_pool(services, name)
    refuse_second(services, pool)
    rollout = begin_rollout(services, engine, pool, spec_of_request(services, pool, asked), who)
    return progress(rollout, [], services.now())


_ACTIONS = {
    RolloutKind.UPDATE: "update image",
    RolloutKind.ROLL_BACK: "roll back pool",
    RolloutKind.REFRESH: "refresh hosts",
}
"""What the audit calls it."""


def begin_rollout(services: Services, engine: Engine, pool: Pool, wanted: RolloutSpec, who: str) -> Rollout:
    """Check, claim the pool, write the rollout, have it driven. Safe to repeat with the same `rollout_id`.

    Raises PreflightFailed (nothing was written), Conflict with the id of the rollout that is in the way, AzureBusy.
    """
    known = services.rollouts.find(ROLLOUTS, wanted.rollout_id) if wanted.rollout_id else None
    if known is not None:
        return known
    rollout, found = draft(services, pool, wanted, who)
    found.stop_if_failed()
    claim(services, pool.name, rollout.id)
    rollout = write_rollout(services, rollout)
    detail = f"rollout {rollout.id}: {wanted.reason}"
    audit(
        services, who, _ACTIONS[wanted.kind], pool.name, f"{rollout.image}, {detail}",
        before=pool.version or "", after=rollout.version,
    )  # fmt: skip
    try:
        engine.start_rollout(rollout.id, rollout.engine_run)
    except Exception:  # noqa: BLE001 - whatever the engine says: the row is written, so the resume timer starts it
        _log.warning("Rollout %s is written but not started; the resume timer will do it.", rollout.id, exc_info=True)
    return rollout
