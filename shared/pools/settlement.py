"""Bringing a pool's row in line with its rollout: its version, and the claim."""

from __future__ import annotations

from contextlib import suppress

from shared.core.errors import NotFound
from shared.core.states import RolloutState
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.records.change import change
from shared.services import POOLS, Services


def apply_outcome_to_pool(services: Services, rollout: Rollout) -> None:
    """Bring the pool's row in line with its rollout: the version new hosts get, and the claim.

    New and burst hosts get the target once the canary has passed, or the rollout has succeeded. Safe to
    repeat; a crash between the two rows is repaired by the next look or by the resume timer.
    """

    def decide(pool: Pool) -> Pool | None:
        settled = with_outcome(pool, rollout)
        return None if settled == pool else settled

    with suppress(NotFound):  # the pool was unregistered
        change(services.pools, (POOLS, rollout.pool), decide, describe="pool", retried=True)


def with_outcome(pool: Pool, rollout: Rollout) -> Pool:
    """The pool's row as it is to be by its rollout's: it follows a moment after, or a look later."""
    return pool.model_copy(update=_pool_changes(pool, rollout))


def _pool_changes(pool: Pool, rollout: Rollout) -> dict[str, object]:
    if pool.running_rollout != rollout.id:
        return {}
    changes: dict[str, object] = {}
    if rollout.state.ended:
        changes |= {"running_rollout": "", "last_rollout": rollout.id}
        changes |= {"host_seconds": rollout.host_seconds} if rollout.host_seconds else {}
    if rollout.rolling_back:
        return changes | _previous_versions(pool, rollout)
    proven = rollout.canary_passed_at is not None or rollout.state is RolloutState.SUCCEEDED
    if rollout.started_at is not None:
        # Decided about when it was asked for: an activation since then counts more for new hosts, one before less.
        # One that ended unproved is decided about at its end: what failed here is not given out because it was
        # activated meanwhile.
        decided_at = rollout.created_at if proven else rollout.ended_at or rollout.created_at
        changes["version_at"] = max(pool.version_at or decided_at, decided_at)
    # A retry brings single hosts to where the others are, or were to be: it proves nothing for the whole pool.
    if proven and not rollout.retry_of and (pool.version, pool.image) != (rollout.version, rollout.image):
        # After a roll-back there is nothing before: what was left is what nobody wants to go back to.
        went_back = rollout.kind is RolloutKind.ROLL_BACK
        changes |= {"version": rollout.version, "previous_version": None if went_back else pool.version}
        changes |= {"image": rollout.image, "previous_image": None if went_back else pool.image}
        changes["version_at"] = rollout.created_at
    return changes


def _previous_versions(pool: Pool, rollout: Rollout) -> dict[str, object]:
    """The pool's versions as they were before the rollout, which is taking everything back, and since when."""
    version, image = rollout.from_previous
    was = {"version": rollout.from_version, "previous_version": version, "previous_image": image}
    if rollout.from_image:
        was["image"] = rollout.from_image
    moved = (pool.version, pool.image) == (rollout.version, rollout.image)
    since = {"version_at": max(pool.version_at or rollout.created_at, rollout.rollback_since or rollout.created_at)}
    return {**was, **since} if moved else dict(since)
