"""The step of activations, roll-backs and fleet updates that updates pools, ring by ring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from shared.access.limits import pool_policy
from shared.access.two_people.tasks import for_rollout
from shared.core.codes import Code
from shared.core.errors import AzureRefused, Conflict, InvalidRequest, NotFound
from shared.core.hrefs import pool_href, versions_href
from shared.core.ids import newest_first_id
from shared.core.names import UPDATE_POOLS
from shared.core.states import RolloutState, TaskState
from shared.core.steps import NextAction, StepResult
from shared.core.wording import counted, duration_text, names_text
from shared.fleet.ring_rollout import spec_for_ring
from shared.fleet.second_person import wait_for_requester, wait_for_second_person
from shared.fleet.undo import stop_pools
from shared.models.messages import Message, error_text, message, quote, sentence, text_of
from shared.models.tasks import TaskKind
from shared.planning.rings import NextRing, RingAction
from shared.pools.claim import refuse_second
from shared.records.ownership import has_moved
from shared.records.pools import find_pool
from shared.records.unreadable_pools import is_gone
from shared.records.versions import read_versions
from shared.rollouts import control
from shared.rollouts.start import begin_rollout
from shared.services import POOLS, ROLLOUTS, TASKS
from shared.versions.for_pools import why_withdrawn
from shared.versions.version_set import VersionSet
from shared.views.fleet import (
    StartedRollouts,
    next_ring_of,
    not_started_text,
    not_updated_text,
    percent_of,
    read_rollouts,
    waiting_pools,
)
from shared.workflow.task_context import TaskContext
from shared.workflow.task_steps import percent_done
from shared.workflow.waiting import StepFailed

AT_ONCE = 25
"""Maximum number of rollouts that one call starts: each is checked first, and a call may take 10 minutes."""


def update_pools(context: TaskContext) -> StepResult:
    """Start rollouts that may start now, and wait for others. Raises StepFailed when a pool does not succeed."""
    _stop_if_over(context)
    if waiting := wait_for_second_person(context):
        return waiting
    _cancel_superseded(context)
    if context.task.pools is None:
        return StepResult(NextAction.NEXT)
    _note_skipped(context)
    started = read_rollouts(context.services, context.pools)
    move = next_ring_of(context.pools, started, context.services.now())
    match move.move:
        case RingAction.DONE:
            return StepResult(NextAction.NEXT)
        case RingAction.STOP:
            raise StepFailed(f"{text_of(move.reason)} Later rings are not started.")
        case RingAction.BEGIN:
            return wait_for_requester(context) or _start_ring(context, move, started)
        case _:
            _stop_if_never_approved(context, move)
            return _record_wait(context, move.reason, started, held={})


def not_overtaken(context: TaskContext) -> VersionSet:
    """The image's versions. Raises StepFailed if another task has switched the active version since."""
    version_set = read_versions(context.services, context.task.image)
    if version_set.state.activation != context.task.id:
        raise StepFailed("another task has changed the active version since")
    return version_set


def _stop_if_over(context: TaskContext) -> None:
    if context.task.cancelled_by:
        raise StepFailed(f"cancelled by {context.task.cancelled_by}")
    if context.task.kind is not TaskKind.UPDATE_POOLS:
        not_overtaken(context)


def _stop_if_withdrawn(context: TaskContext) -> None:
    """Raises StepFailed when the version was rolled back, or failed its test, since a fleet update was requested."""
    task = context.task
    if task.kind is TaskKind.UPDATE_POOLS and task.version:
        version_set = read_versions(context.services, task.image)
        if reason := why_withdrawn(version_set, task.version, task.created_at):
            raise StepFailed(f"{reason}. Later rings are not started")


def _stop_if_never_approved(context: TaskContext, move: NextRing) -> None:
    """Raises StepFailed when approval takes too long: the results of the earlier rings are out of date by then."""
    limit = timedelta(seconds=context.services.settings.approval_limit)
    since = move.since or context.task.step_since
    if move.gate and since and context.services.now() > since + limit:
        raise StepFailed(f"ring {move.ring} was not approved within {duration_text(limit)}, so it is not started")


def _cancel_superseded(context: TaskContext) -> None:
    """During a roll-back, cancel the rollouts of other tasks that install the version which is rolled back.

    Rollouts that a person started continue, unless they hold a pool that must be updated.
    """
    if context.task.kind is not TaskKind.ROLL_BACK:
        return
    for pool in context.services.pools.all(POOLS):
        rollout = context.services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
        if rollout and rollout.task not in {"", context.task.id}:
            _cancel_old_version(context, rollout.id)


def _note_skipped(context: TaskContext) -> None:
    """Record which pools no longer exist, or have another image or account by now, and why."""
    skipped = {name: reason for name in context.pools.update.pools if (reason := _why_skipped(context, name))}
    if skipped != context.pools.skipped:
        _save_pools(context, skipped=skipped)


def _why_skipped(context: TaskContext, name: str) -> Message | None:
    pool = context.services.pools.find(POOLS, name)
    if pool is None:
        return message(Code.POOL_UNREGISTERED, "it is no longer registered")
    gone, moved = is_gone(context.services, pool), has_moved(context.task, pool)
    same = context.pools.update.other_image or pool.image == context.task.image
    if same and not (gone or moved):
        return None
    rollout_id = context.pools.rollouts.get(name)
    if rollout_id and context.services.rollouts.find(ROLLOUTS, rollout_id):
        return None
    if moved:
        return message(Code.OTHER_ACCOUNT, "it belongs to another account now")
    if gone:
        return message(Code.POOL_GONE, "its host pool is gone or cannot be read any more", href=pool_href(name))
    return message(Code.OTHER_IMAGE, f"it now has another image, {pool.image}", href=pool_href(name))


def _save_pools(context: TaskContext, **changes: object) -> None:
    context.save(pools=context.pools.model_copy(update=changes))


def _record_wait(
    context: TaskContext, note: Message | None, started: StartedRollouts, held: dict[str, Message]
) -> StepResult:
    """Record what the task waits for and its progress, if they changed."""
    percent = percent_done(context.task.kind, UPDATE_POOLS, percent_of(context.pools, started))
    pools = context.pools.model_copy(update={"held": held})
    if (note, percent, pools) != (context.task.note, context.task.percent, context.pools):
        context.save(note=note, percent=percent, pools=pools)
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


def _start_ring(context: TaskContext, move: NextRing, started: StartedRollouts) -> StepResult:
    """Start the rollouts of a ring whose pools are free.

    While Azure changes the version (for example because somebody adds replicas), nothing is started and nothing fails.
    Raises StepFailed when the version was withdrawn since the request.
    """
    _stop_if_withdrawn(context)
    found = context.services.gallery.version(context.image.definition_id, context.task.version or "")
    if found and not (found.ready or found.failed):
        text = f"Ring {move.ring} waits: version {found.version} is not ready ({quote(found.detail)})."
        note = message(Code.WAITS_FOR_VERSION, text, href=versions_href(context.image.name))
        return _record_wait(context, note, started, held={})
    if context.pools.ring != move.ring:
        _save_pools(context, ring=move.ring)
    held: dict[str, Message] = {}
    for number, name in enumerate(_free(context, move.pools, held)):
        if number == AT_ONCE or context.pools.refused or _is_cancelled(context):
            return StepResult(NextAction.WAIT)
        if reason := _start_pool(context, name, move):
            held[name] = reason
    ring_started = message(Code.RING_STARTED, f"Ring {move.ring} is started.")
    note = waiting_pools(held) or ring_started
    return _record_wait(context, note, read_rollouts(context.services, context.pools), held)


def _free(context: TaskContext, names: Iterable[str], held: dict[str, Message]) -> Iterator[str]:
    """The pools that no other rollout holds; the others are put into `held`."""
    for name in names:
        pool = find_pool(context.services, name)
        try:
            refuse_second(context.services, pool, context.pools.rollouts.get(name, ""))
        except Conflict as conflict:
            _cancel_old_version(context, conflict.rollout)
            held[name] = _busy(conflict)
            continue
        yield name


def _is_cancelled(context: TaskContext) -> bool:
    """Whether somebody cancelled the task since the step began. Read again before each pool is started."""
    found = context.services.tasks.find(TASKS, context.task.id)
    return found is None or bool(found.cancelled_by) or found.engine_run != context.task.engine_run


def _start_pool(context: TaskContext, name: str, move: NextRing) -> Message | None:
    """Start the pool's rollout, or return why it cannot start yet. A refusal is recorded.

    The rollout's id is recorded first, so that a repeated call after a crash uses the same id.
    """
    pool = find_pool(context.services, name)
    if name not in context.pools.rollouts:
        _save_pools(context, rollouts={**context.pools.rollouts, name: newest_first_id(context.services.now())})
    try:
        of_pool, now = pool_policy(context.services, pool), context.services.now()
        asked = spec_for_ring(context.task, context.pools, context.image, pool, of_pool, now, first=move.first)
        asked = replace(asked, second=for_rollout(context.services, context.task, pool))
        begin_rollout(context.services, context.engine, pool, asked, context.task.requested_by)
    except (InvalidRequest, AzureRefused) as error:
        refused = message(Code.ROLLOUT_REFUSED, error_text(error))
        _save_pools(context, refused={**context.pools.refused, name: refused})
    except Conflict as conflict:
        _cancel_old_version(context, conflict.rollout)
        return _busy(conflict)
    return None


def _busy(conflict: Conflict) -> Message:
    return message(Code.WAITS_FOR_ROLLOUT, sentence(str(conflict)), href=conflict.href)


def _cancel_old_version(context: TaskContext, rollout_id: str | None) -> None:
    """During a roll-back, cancel this rollout if it installs the version that is rolled back."""
    rollout = context.services.rollouts.find(ROLLOUTS, rollout_id) if rollout_id else None
    if context.task.kind is not TaskKind.ROLL_BACK or rollout is None or rollout.state is RolloutState.CANCELLING:
        return
    if (rollout.image, rollout.version) == (context.task.image, context.task.from_version):
        try:
            who = f"{context.task.requested_by}, by rolling back the image (task {context.task.id})"
            control.cancel(context.services, context.engine, rollout.id, who)
        except (Conflict, NotFound):
            return  # it has ended in the meantime


def end_fleet_update(context: TaskContext) -> StepResult:
    """The last step. A cancelled fleet update ends when none of its rollouts runs any more."""
    task = context.task
    if task.cancelled_by:
        if waiting := stop_pools(context):
            return waiting
        text = f"Cancelled by {context.task.cancelled_by}. {_outcome(context)}"
        context.end(TaskState.CANCELLED, message(Code.CANCELLED_BY_USER, text))
    elif task.failure:
        context.end(TaskState.FAILED, message(Code.TASK_FAILED, f"{sentence(task.failure)} {_outcome(context)}"))
    else:
        context.end(TaskState.SUCCEEDED, message(Code.POOLS_UPDATED, _outcome(context)))
    return StepResult(NextAction.STOP)


def _outcome(context: TaskContext) -> str:
    """How many pools have the version now, and which do not."""
    pools = context.pools
    started = read_rollouts(context.services, pools)
    updated = [name for name, rollout in started.items() if rollout.state is RolloutState.SUCCEEDED]
    back = [name for name in updated if name in pools.back and name not in pools.not_back]
    text = f"{context.task.version} is on {len(updated) - len(back)} of {counted(len(pools.update.pools), 'pool')}."
    if gone := [*back, *(name for name, rollout in started.items() if rollout.state is RolloutState.ROLLED_BACK)]:
        text += f" Rolled back: {names_text(sorted(gone))}."
    for name, reason in sorted(pools.not_back.items()):
        text += f" Pool {name} was not rolled back. {sentence(reason.text)}"
    return text + not_started_text(context.services, pools) + not_updated_text(pools)
