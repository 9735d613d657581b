"""A step of an activation, a roll-back and a job: the pools that are to have a version are updated, ring by ring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from shared.core.errors import AzureBusy, AzureError, Conflict, InvalidRequest, NotFound
from shared.core.ids import newest_first_id
from shared.core.names import UPDATE_POOLS
from shared.core.states import RolloutState, TaskState
from shared.core.steps import Outcome, Then
from shared.core.wording import counted, lasting
from shared.fleet.ring_rollout import wanted
from shared.fleet.undo import stop_pools
from shared.models.tasks import TaskKind
from shared.planning.rings import Move, NextMove
from shared.pools.claim import refuse_second
from shared.records.pools import find_pool
from shared.records.versions import read_family
from shared.rollouts import control
from shared.rollouts.start import begin_rollout
from shared.services import POOLS, ROLLOUTS, TASKS
from shared.versions.version_set import Family
from shared.views.fleet import Begun, move_of, not_begun, not_updated, percent_of, read_rollouts
from shared.workflow.task_runner import TaskWork
from shared.workflow.task_steps import done
from shared.workflow.waiting import StepFailed

AT_ONCE = 25
"""Rollouts that one call begins at most: each is checked first, and a call may take 10 minutes."""


def update_pools(work: TaskWork) -> Outcome:
    """Begin what may be begun, and wait for the rest. Raises StepFailed when a pool does not succeed."""
    _stop_if_over(work)
    _cancel_superseded(work)
    if work.task.pools is None:
        return Outcome(Then.NEXT)
    _note_skipped(work)
    begun = read_rollouts(work.services, work.pools)
    move = move_of(work.pools, begun, work.services.now())
    match move.move:
        case Move.DONE:
            return Outcome(Then.NEXT)
        case Move.STOP:
            raise StepFailed(f"{move.why}; later rings are not begun")
        case Move.BEGIN:
            return _begin_ring(work, move, begun)
        case _:
            _stop_if_forgotten(work, move)
            told = f"{move.why} until {move.until.isoformat(timespec='seconds')}" if move.until else move.why
            return _waits(work, told, begun, held={})


def not_overtaken(work: TaskWork) -> Family:
    """The versions, as long as this task is the last one that has switched them. Raises StepFailed."""
    family = read_family(work.services, work.task.image)
    if family.state.activation != work.task.id:
        raise StepFailed(f"task {family.state.activation} has changed the active version since")
    return family


def _stop_if_over(work: TaskWork) -> None:
    if work.task.cancelled_by:
        raise StepFailed(f"cancelled by {work.task.cancelled_by}")
    if work.task.kind is not TaskKind.UPDATE_POOLS:
        not_overtaken(work)


def _stop_if_forgotten(work: TaskWork, move: NextMove) -> None:
    """A ring does not wait for approval for ever: by then nobody remembers what the ones before have shown."""
    limit = timedelta(seconds=work.services.settings.approval_limit)
    since = move.since or work.task.step_since
    if move.gate and since and work.services.now() > since + limit:
        raise StepFailed(f"ring {move.ring} was not approved within {lasting(limit)}, so it is not begun")


def _cancel_superseded(work: TaskWork) -> None:
    """A roll-back stops what other tasks have begun to bring the version that is rolled back. Rollouts that somebody
    asked for by hand are their decision, unless they hold a pool that is to be updated."""
    if work.task.kind is not TaskKind.ROLL_BACK:
        return
    for pool in work.services.pools.all(POOLS):
        rollout = work.services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
        if rollout and rollout.task not in {"", work.task.id}:
            _clear_the_way(work, rollout.id)


def _note_skipped(work: TaskWork) -> None:
    """Note which pools are not there any more with this image, and why."""
    skipped = {name: why for name in work.pools.update.pools if (why := _why_skipped(work, name))}
    if skipped != work.pools.skipped:
        _save_pools(work, skipped=skipped)


def _why_skipped(work: TaskWork, name: str) -> str:
    pool = work.services.pools.find(POOLS, name)
    if pool is None:
        return "it is not registered any more"
    if work.pools.update.other_image or pool.image == work.task.image:
        return ""
    rollout_id = work.pools.rollouts.get(name)
    if rollout_id and work.services.rollouts.find(ROLLOUTS, rollout_id):
        return ""
    return f"it has another image now, {pool.image}"


def _save_pools(work: TaskWork, **changes: object) -> None:
    work.save(pools=work.pools.model_copy(update=changes))


def _waits(work: TaskWork, told: str, begun: Begun, held: dict[str, str]) -> Outcome:
    """Write down what it waits for and how far it has come, if that is news."""
    percent = done(work.task.kind, UPDATE_POOLS, percent_of(work.pools, begun))
    pools = work.pools.model_copy(update={"held": held})
    if (told, percent, pools) != (work.task.note, work.task.percent, work.pools):
        work.save(note=told, percent=percent, pools=pools)
    return Outcome(Then.WAIT, work.services.settings.operation_poll)


def _begin_ring(work: TaskWork, move: NextMove, begun: Begun) -> Outcome:
    """Begin the rollouts of a ring, as far as nothing holds them up.

    While Azure is at work on the version (somebody adds replicas, say), nothing is begun and nothing has failed.
    """
    found = work.services.gallery.version(work.image.definition_id, work.task.version or "")
    if found and not (found.ready or found.failed):
        told = f"ring {move.ring} waits: version {found.version} is not ready ({found.detail})"
        return _waits(work, told, begun, held={})
    if work.pools.ring != move.ring:
        _save_pools(work, ring=move.ring)
    held: dict[str, str] = {}
    for number, name in enumerate(_free(work, move.pools, held)):
        if number == AT_ONCE or work.pools.refused or _told_to_stop(work):
            return Outcome(Then.WAIT)
        if why := _begin_pool(work, name, move):
            held[name] = why
    told = "; ".join(f"pool {name} waits: {why}" for name, why in sorted(held.items()))
    return _waits(work, told or f"ring {move.ring} is begun", read_rollouts(work.services, work.pools), held)


def _free(work: TaskWork, names: Iterable[str], held: dict[str, str]) -> Iterator[str]:
    """The pools that no other rollout holds; the others are put into `held`."""
    for name in names:
        pool = find_pool(work.services, name)
        try:
            refuse_second(work.services, pool, work.pools.rollouts.get(name, ""))
        except Conflict as conflict:
            _clear_the_way(work, conflict.rollout)
            held[name] = str(conflict)
            continue
        yield name


def _told_to_stop(work: TaskWork) -> bool:
    """Look once more before a pool is begun: somebody may have cancelled the task since the step began."""
    found = work.services.tasks.find(TASKS, work.task.id)
    return found is None or bool(found.cancelled_by) or found.engine_run != work.task.engine_run


def _begin_pool(work: TaskWork, name: str, move: NextMove) -> str:
    """Begin the pool's rollout; why it cannot be begun yet, or nothing. One that is refused is noted.

    Its id is noted before it is asked for: after a crash in between it is asked for under the same id.
    """
    pool = find_pool(work.services, name)
    if name not in work.pools.rollouts:
        _save_pools(work, rollouts={**work.pools.rollouts, name: newest_first_id(work.services.now())})
    try:
        asked = wanted(work.task, work.pools, work.image, pool, work.services.now(), first=move.first)
        begin_rollout(work.services, work.engine, pool, asked, work.task.requested_by)
    except AzureBusy:
        raise
    except (InvalidRequest, AzureError) as error:
        _save_pools(work, refused={**work.pools.refused, name: str(error)})
    except Conflict as conflict:
        _clear_the_way(work, conflict.rollout)
        return str(conflict)
    return ""


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


def end_job(work: TaskWork) -> Outcome:
    """The last step. A job that was cancelled ends when none of its rollouts runs any more."""
    task = work.task
    if task.cancelled_by:
        if waiting := stop_pools(work):
            return waiting
        work.end(TaskState.CANCELLED, f"Cancelled by {work.task.cancelled_by}; {_came_of_it(work)}")
    elif task.failure:
        work.end(TaskState.FAILED, f"{task.failure}; {_came_of_it(work)}")
    else:
        work.end(TaskState.SUCCEEDED, _came_of_it(work))
    return Outcome(Then.STOP)


def _came_of_it(work: TaskWork) -> str:
    """How many pools have the version now, and which not."""
    pools = work.pools
    begun = read_rollouts(work.services, pools)
    got = [name for name, rollout in begun.items() if rollout.state is RolloutState.SUCCEEDED]
    back = [name for name in got if name in pools.back and name not in pools.not_back]
    told = f"{work.task.version} is on {len(got) - len(back)} of {counted(len(pools.update.pools), 'pool')}."
    if gone := [*back, *(name for name, rollout in begun.items() if rollout.state is RolloutState.ROLLED_BACK)]:
        told += f" Taken back: {', '.join(sorted(gone))}."
    told += "".join(f" Pool {name} was not taken back: {why}." for name, why in sorted(pools.not_back.items()))
    return told + not_begun(work.services, pools) + not_updated(pools)
