"""The pool's row with the outcome of its rollout: the version for new hosts, and the claim. Pure."""

from __future__ import annotations

from shared.core.states import HostState, RolloutState
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind


def with_outcome(pool: Pool, rollout: Rollout) -> Pool:
    """The pool's row with the outcome of its rollout applied."""
    return pool.model_copy(update=_pool_changes(pool, rollout))


def _pool_changes(pool: Pool, rollout: Rollout) -> dict[str, object]:
    if pool.running_rollout != rollout.id:
        return {}
    changes: dict[str, object] = {}
    if rollout.state.ended:
        changes |= {"running_rollout": "", "last_rollout": rollout.id}
        changes |= {"host_seconds": rollout.progress.host_seconds} if rollout.progress.host_seconds else {}
    if rollout.rolling_back:
        return changes | _previous_versions(pool, rollout)
    proven = _is_proven(rollout)
    if rollout.started_at is not None and (rollout.of_whole_pool or rollout.retry_of or not proven):
        # A proven rollout counts from its request, so a later activation overrides it. An unproven one counts from its
        # end, so that a version that failed here is not handed to new hosts by an activation made while it ran.
        decided_at = rollout.created_at if proven else rollout.ended_at or rollout.created_at
        changes["version_at"] = max(pool.version_at or decided_at, decided_at)
    # A retry, and a rollout of chosen hosts, bring single hosts to a version: the pool keeps its own.
    if proven and rollout.of_whole_pool and (pool.version, pool.image) != (rollout.version, rollout.image):
        # After a roll-back there is no previous version: nobody wants to return to the one that was rolled back.
        went_back = rollout.kind is RolloutKind.ROLL_BACK
        changes |= {"version": rollout.version, "previous_version": None if went_back else pool.version}
        changes |= {"image": rollout.image, "previous_image": None if went_back else pool.image}
        changes["version_at"] = rollout.created_at
    return changes


def _is_proven(rollout: Rollout) -> bool:
    """Whether the canary passed, or all hosts were updated. A rollout that left out all it had to update is not."""
    if rollout.progress.canary_passed_at is not None:
        return True
    last = rollout.progress.last_pass
    nobody_got_it = last is not None and last.left_out > 0 and not rollout.progress.counts.get(HostState.DONE)
    return rollout.state is RolloutState.SUCCEEDED and not nobody_got_it


def _previous_versions(pool: Pool, rollout: Rollout) -> dict[str, object]:
    """The pool's versions from before the rollout, which is being rolled back, and since when they count."""
    before = rollout.before
    was = before.model_dump(include={"version", "previous_version", "previous_image"})
    if before.image:
        was["image"] = before.image
    moved = (pool.version, pool.image) == (rollout.version, rollout.image)
    since = {"version_at": max(pool.version_at or rollout.created_at, rollout.rollback.since or rollout.created_at)}
    return {**was, **since} if moved else dict(since)
