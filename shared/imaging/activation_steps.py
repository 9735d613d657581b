"""The steps of an activation or a roll-back: switch, flags in the gallery, pools ring by ring, end."""

from __future__ import annotations

from datetime import timedelta

from shared.errors import AzureBusy, AzureError, Conflict, InvalidRequest, NotFound
from shared.ids import newest_first_id
from shared.imaging import lifecycle
from shared.imaging.activation import switched
from shared.imaging.family import change_family, read_family
from shared.imaging.lifecycle import Family
from shared.imaging.rings import Move, NextMove, PoolStanding, next_move, schedule_for_ring
from shared.imaging.task_step import TaskWork
from shared.imaging.tasks import audit_task
from shared.models.pools import Pool
from shared.models.tasks import ActivationWork, PoolsUpdate, TaskKind
from shared.names import SWITCH_VERSION
from shared.publishing import control
from shared.publishing.request import Wanted, begin_rollout
from shared.services import POOLS, ROLLOUTS
from shared.states import RolloutState, TaskState, VersionState
from shared.stepping import StepFailed
from shared.steps import ACTIVATION_STEPS, Outcome, Then, behind


def switch_version(work: TaskWork) -> Outcome:
    """Step 1: the version is switched, if its request did not come to it. Raises Conflict when it no longer can be."""
    before, after = change_family(work.services, work.task.image, lambda f: switched(f, work.task, work.services))
    if before is not after:
        changed = {"version": after.state.active, "from_version": before.state.active}
        work.save(**changed)
        audit_task(work.services, work.task, before=before.state.active or "", after=after.state.active or "")
    return Outcome(Then.NEXT)


def flip_flags(work: TaskWork) -> Outcome:
    """Step 2: "latest" of the definition is the active version. One flag at a time, in the order that is safe."""
    gallery, definition = work.services.gallery, work.image.definition_id
    waiting = work.carry_on(gallery.resume)
    if waiting:
        return waiting
    # The gallery before the rows: what another task makes active meanwhile is not left out by this one.
    known = {version.version: version.exclude_from_latest for version in gallery.versions(definition)}
    family = _not_overtaken(work)
    for version, excluded in lifecycle.flags(family, known):
        work.say(f"version {version} is {'left out of' if excluded else 'let into'} latest")
        waiting = work.carry_on(gallery.resume, gallery.start_exclude(definition, version, excluded=excluded))
        if waiting:
            return waiting
    return Outcome(Then.NEXT)


def update_pools(work: TaskWork) -> Outcome:
    """Step 3: the pools that are to have it are updated, ring by ring. Raises StepFailed when one does not succeed."""
    activation = work.task.activation
    if activation is None or activation.update is None:
        return Outcome(Then.NEXT)
    _stop_if_over(work)
    pools, standings = _standings(work, activation.update)
    soak = timedelta(minutes=activation.update.soak_minutes)
    move = next_move(standings, soak, work.services.now())
    match move.move:
        case Move.DONE:
            return Outcome(Then.NEXT)
        case Move.STOP:
            raise StepFailed(f"{move.why}; later rings are not begun")
        case Move.BEGIN:
            held = [told for name in move.pools if (told := _begin_pool(work, pools[name], move))]
            work.say("; ".join(held) or f"ring {move.ring} is begun")
        case _:
            until = f" until {move.until.isoformat(timespec='seconds')}" if move.until else ""
            work.say(f"{move.why}{until}")
    return Outcome(Then.WAIT, work.services.settings.operation_poll)


def _stop_if_over(work: TaskWork) -> None:
    if work.task.cancelled_by:
        raise StepFailed(f"cancelled by {work.task.cancelled_by}")
    _not_overtaken(work)


def _not_overtaken(work: TaskWork) -> Family:
    """The versions, as long as this task is the last one that has switched them. Raises StepFailed."""
    family = read_family(work.services, work.task.image)
    if family.state.activation != work.task.id:
        raise StepFailed(f"task {family.state.activation} has changed the active version since")
    return family


def _standings(work: TaskWork, update: PoolsUpdate) -> tuple[dict[str, Pool], list[PoolStanding]]:
    """The pools that are still registered with this image, and how far each has come."""
    assert work.task.activation is not None  # noqa: S101 - its request wrote it
    pools, standings = {}, []
    for name in update.pools:
        pool = work.services.pools.find(POOLS, name)
        rollout_id = work.task.activation.rollouts.get(name, "")
        rollout = work.services.rollouts.find(ROLLOUTS, rollout_id) if rollout_id else None
        if pool is None or (rollout is None and pool.image != work.task.image):
            continue
        pools[name] = pool
        state, ended_at = (rollout.state, rollout.ended_at) if rollout else (None, None)
        standings.append(PoolStanding(name, pool.ring, state, ended_at))
    return pools, standings


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
        allow_downgrade=work.task.kind is TaskKind.ROLL_BACK,
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
            control.cancel(work.services, work.engine, rollout.id, work.task.requested_by)
        except (Conflict, NotFound):
            return  # it has ended meanwhile


def end_activation(work: TaskWork) -> Outcome:
    """Step 4: the task ends; it says what came of it."""
    task = work.task
    switched_here = read_family(work.services, task.image).versions.get(task.version or "")
    if switched_here and switched_here.state is VersionState.ACTIVE:
        done = f"{task.version} is active"
    elif behind(ACTIVATION_STEPS, task.phase, SWITCH_VERSION):
        done = f"{task.version} was made active, and is {switched_here.state if switched_here else 'gone'} now"
    else:
        done = "nothing was switched"
    if task.cancelled_by:
        work.end(TaskState.CANCELLED, f"Cancelled by {task.cancelled_by}; {done}.{_left(work)}")
    elif task.failure:
        work.end(TaskState.FAILED, f"{task.failure}; {done}.{_left(work)}")
    else:
        work.end(TaskState.SUCCEEDED, f"{done}; {task.from_version or 'nothing'} was before.")
    return Outcome(Then.STOP)


def _left(work: TaskWork) -> str:
    activation = work.task.activation
    if activation is None or activation.update is None:
        return ""
    rollouts = work.services.rollouts
    begun = {name for name, rollout in activation.rollouts.items() if rollouts.find(ROLLOUTS, rollout)}
    left = [name for name in activation.update.pools if name not in begun]
    return f" Pools that were not begun: {', '.join(left)}." if left else ""
