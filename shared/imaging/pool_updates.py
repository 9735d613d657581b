"""Step 3 of an activation or a roll-back: the pools that are to have the version are updated, ring by ring."""

from __future__ import annotations

from datetime import timedelta

from shared.errors import AzureBusy, AzureError, Conflict, InvalidRequest, NotFound
from shared.ids import newest_first_id
from shared.imaging.family import read_family
from shared.imaging.rings import Move, NextMove, PoolStanding, next_move, schedule_for_ring
from shared.imaging.task_step import SHARES, TaskWork, done_before
from shared.imaging.versions import Family
from shared.models.pools import Pool
from shared.models.tasks import ActivationWork, PoolsUpdate, TaskKind
from shared.names import UPDATE_POOLS
from shared.publishing import control
from shared.publishing.request import Wanted, begin_rollout
from shared.services import POOLS, ROLLOUTS
from shared.states import RolloutState
from shared.stepping import StepFailed
from shared.steps import Outcome, Then


def update_pools(work: TaskWork) -> Outcome:
    """Begin what may be begun, and wait for the rest. Raises StepFailed when a pool does not succeed."""
    _stop_if_over(work)
    _cancel_superseded(work)
    activation = work.task.activation
    if activation is None or activation.update is None:
        return Outcome(Then.NEXT)
    pools, standings = _standings(work, activation.update)
    soak = timedelta(minutes=activation.update.soak_minutes)
    move = next_move(standings, soak, work.services.now())
    match move.move:
        case Move.DONE:
            return Outcome(Then.NEXT)
        case Move.STOP:
            raise StepFailed(f"{move.why}; later rings are not begun")
        case Move.BEGIN:
            told = _begin_ring(work, [pools[name] for name in move.pools], move)
        case _:
            told = f"{move.why} until {move.until.isoformat(timespec='seconds')}" if move.until else move.why
    done = sum(standing.state is RolloutState.SUCCEEDED for standing in standings)
    percent = done_before(work, UPDATE_POOLS) + SHARES[UPDATE_POOLS] * done // len(standings)
    if (told, percent) != (work.task.note, work.task.percent):
        work.save(note=told, percent=percent)
    return Outcome(Then.WAIT, work.services.settings.operation_poll)


def not_overtaken(work: TaskWork) -> Family:
    """The versions, as long as this task is the last one that has switched them. Raises StepFailed."""
    family = read_family(work.services, work.task.image)
    if family.state.activation != work.task.id:
        raise StepFailed(f"task {family.state.activation} has changed the active version since")
    return family


def _stop_if_over(work: TaskWork) -> None:
    if work.task.cancelled_by:
        raise StepFailed(f"cancelled by {work.task.cancelled_by}")
    not_overtaken(work)


def _cancel_superseded(work: TaskWork) -> None:
    """A roll-back stops what activations have begun to bring the version that is rolled back. Rollouts that somebody
    asked for by hand are their decision, unless they hold a pool that is to be updated."""
    if work.task.kind is not TaskKind.ROLL_BACK:
        return
    for pool in work.services.pools.all(POOLS):
        rollout = work.services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
        if rollout and rollout.task not in {"", work.task.id}:
            _clear_the_way(work, rollout.id)


def _standings(work: TaskWork, update: PoolsUpdate) -> tuple[dict[str, Pool], list[PoolStanding]]:
    """The pools that are still there with this image, and how far each has come. Which are not is noted."""
    activation = work.task.activation
    assert activation is not None  # noqa: S101 - its request wrote it
    pools, standings, skipped = {}, [], {}
    for name in update.pools:
        pool = work.services.pools.find(POOLS, name)
        rollout_id = activation.rollouts.get(name, "")
        rollout = work.services.rollouts.find(ROLLOUTS, rollout_id) if rollout_id else None
        if pool is None:
            skipped[name] = "it is not registered any more"
        elif rollout is None and pool.image != work.task.image:
            skipped[name] = f"it has another image now, {pool.image}"
        else:
            pools[name] = pool
            state, ended_at = (rollout.state, rollout.ended_at) if rollout else (None, None)
            standings.append(PoolStanding(name, pool.ring, state, ended_at))
    if skipped != activation.skipped:
        work.save(activation=activation.model_copy(update={"skipped": skipped}))
    return pools, standings


def _begin_ring(work: TaskWork, pools: list[Pool], move: NextMove) -> str:
    """Begin the rollouts of a ring; what is begun, or waits, in words.

    While Azure is at work on the version (somebody adds replicas, say), nothing is begun and nothing has failed.
    """
    found = work.services.gallery.version(work.image.definition_id, work.task.version or "")
    if found and not (found.ready or found.failed):
        return f"ring {move.ring} waits: version {found.version} is not ready ({found.detail})"
    held = [told for pool in pools if (told := _begin_pool(work, pool, move))]
    return "; ".join(held) or f"ring {move.ring} is begun"


def _begin_pool(work: TaskWork, pool: Pool, move: NextMove) -> str:
    """Begin the pool's rollout; why it cannot be begun yet, or nothing.

    Its id is noted before it is asked for: after a crash in between it is asked for under the same id.
    """
    activation = work.task.activation
    assert activation is not None and activation.update is not None  # noqa: S101 - only then is there a pool
    if pool.name not in activation.rollouts:
        noted = {**activation.rollouts, pool.name: newest_first_id(work.services.now())}
        activation = activation.model_copy(update={"rollouts": noted, "ring": move.ring})
        work.save(activation=activation)
    try:
        begin_rollout(work.services, work.engine, pool, _wanted(work, activation, pool, move), work.task.requested_by)
    except AzureBusy:
        raise
    except (InvalidRequest, AzureError) as error:
        raise StepFailed(f"pool {pool.name}: {error}") from error
    except Conflict as conflict:
        _clear_the_way(work, conflict.rollout)
        return f"pool {pool.name} waits: {conflict}"
    return ""


def _wanted(work: TaskWork, activation: ActivationWork, pool: Pool, move: NextMove) -> Wanted:
    update = activation.update
    assert update is not None and work.task.version is not None  # noqa: S101 - the switch named it
    return Wanted(
        image=work.image,
        version=work.task.version,
        schedule=schedule_for_ring(update.schedule, work.services.now(), first=move.first),
        policy=update.policy,
        reason=work.task.reason or f"task {work.task.id}",
        allow_downgrade=True,  # which version is active was decided; a pool may be on a higher one
        rollout_id=activation.rollouts[pool.name],
        task=work.task.id,
    )


def _clear_the_way(work: TaskWork, rollout_id: str | None) -> None:
    """A roll-back does not wait for the end of a rollout that brings what is rolled back: it is cancelled."""
    rollout = work.services.rollouts.find(ROLLOUTS, rollout_id) if rollout_id else None
    if work.task.kind is not TaskKind.ROLL_BACK or rollout is None or rollout.state is RolloutState.CANCELLING:
        return
    if (rollout.image, rollout.version) == (work.task.image, work.task.from_version):
        try:
            who = f"{work.task.requested_by}, by rolling back the image (task {work.task.id})"
            control.cancel(work.services, work.engine, rollout.id, who)
        except (Conflict, NotFound):
            return  # it has ended meanwhile
