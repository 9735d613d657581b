"""Writing the row of a rollout whose pool is claimed: afterwards it is driven, or it has ended and the pool is free."""

from __future__ import annotations

from shared.core.errors import AzureBusy, Conflict
from shared.core.states import RolloutState
from shared.models.rollouts import Rollout
from shared.pools.claim import give_back
from shared.records.pools import find_pool
from shared.records.versions import read_family
from shared.services import ROLLOUTS, Services
from shared.versions.removal_rules import is_leaving


def write_claimed(services: Services, rollout: Rollout) -> Rollout:
    """Write the row, and make sure that pool and version are still the rollout's to take.

    Raises Conflict when they are not (the row is ended then), AzureBusy.
    """
    written = _write(services, rollout)
    _refuse_leaving(services, written)
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
            give_back(services, rollout.pool, rollout.id)
            raise
        written = found
    except Exception:
        give_back(services, rollout.pool, rollout.id)
        raise
    holder = find_pool(services, rollout.pool).running_rollout
    if holder == rollout.id:
        return written
    # So slow that somebody took the claim for a dead one: theirs goes on, ours must not be picked up.
    note = f"Rollout {holder} took the pool before this one was written."
    _end_unbegun(services, written, note)
    raise Conflict(note, rollout=holder)


def _refuse_leaving(services: Services, rollout: Rollout) -> None:
    """Look at the version once more, now that the rollout is written.

    Whoever removes a version marks it first and then looks for rollouts: so of two at once one sees the other.
    """
    if is_leaving(read_family(services, rollout.image), rollout.version):
        note = f"Version {rollout.version} is being removed, or was discarded: choose another one."
        _end_unbegun(services, rollout, note)
        give_back(services, rollout.pool, rollout.id)
        raise Conflict(note)


def _end_unbegun(services: Services, rollout: Rollout, note: str) -> None:
    services.rollouts.replace(
        rollout.model_copy(update={"state": RolloutState.FAILED, "note": note, "ended_at": services.now()})
    )
