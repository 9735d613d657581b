"""Cancelling a fleet update: stops running rollouts and, with `roll_back`, rolls its pools back.

Every pass reads from the rows which rollouts run, which have ended, and which roll pools back.
"""

from __future__ import annotations

from shared.api.common import ScheduleRequest
from shared.api.pools import RollBackPoolRequest
from shared.core.codes import Code
from shared.core.errors import AzureRefused, Conflict, InvalidRequest, NotFound, StaleRow
from shared.core.hrefs import pool_href, rollout_href
from shared.core.states import RolloutState
from shared.core.steps import NextAction, StepResult
from shared.core.wording import ROLLOUT_WORDS, counted, names_text
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.messages import error_text, message
from shared.models.policy import ScheduleMode
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutKind
from shared.models.tasks import CancelHow, Task
from shared.planning.timing import MAX_NOTICE
from shared.pools.claim import free_pool
from shared.ports.engine import Engine
from shared.rollouts import control
from shared.rollouts.roll_back import roll_back_pool
from shared.services import ROLLOUTS, Services
from shared.views.fleet import StartedRollouts, read_rollouts
from shared.workflow.task_context import TaskContext


def stop_pools(context: TaskContext) -> StepResult | None:
    """Stop or roll back the running rollouts, as requested; None when none runs any more."""
    started = read_rollouts(context.services, context.pools)
    unfinished = stop_running(context.services, context.engine, context.task, started)
    if context.task.cancel_how is CancelHow.ROLL_BACK:
        for name, rollout in sorted(started.items()):
            if _has_new_version(rollout) and _roll_back(context, name, rollout):
                unfinished.add(name)
    if not unfinished:
        return None
    text = f"{counted(len(unfinished), 'pool')} not finished yet: {names_text(sorted(unfinished))}."
    note = message(Code.STOPPING_POOLS, text, count=len(unfinished))
    if note != context.task.note:
        context.save(note=note)
    return StepResult(NextAction.WAIT, context.services.settings.operation_poll)


def stop_running(services: Services, engine: Engine, task: Task, started: StartedRollouts) -> set[str]:
    """Stop every running rollout of a cancelled task; return the pools whose rollouts still run."""
    unfinished: set[str] = set()
    for name, rollout in sorted(started.items()):
        if rollout.state.ended:
            continue
        unfinished.add(name)
        if _signal_cancelled(rollout, task.cancel_how):
            continue
        try:
            control.cancel(services, engine, rollout.id, _who(task), how=task.cancel_how)
        except (Conflict, NotFound):
            continue  # it has ended in the meantime; otherwise the next pass tries again
    return unfinished


def _signal_cancelled(rollout: Rollout, how: CancelHow) -> bool:
    if rollout.rolling_back or rollout.state is RolloutState.ROLLING_BACK:
        return True
    return how is CancelHow.LEAVE and rollout.state is RolloutState.CANCELLING


def _who(task: Task) -> str:
    return f"{task.cancelled_by}, by cancelling task {task.id}"


def _has_new_version(rollout: Rollout) -> bool:
    """Whether the rollout ended with hosts on its version, and its pool was on another one before."""
    before = (rollout.before.image or rollout.image, rollout.before.version)
    if not rollout.state.ended or rollout.state is RolloutState.ROLLED_BACK:
        return False
    if before == (rollout.image, rollout.version):
        return False
    return rollout.state is RolloutState.SUCCEEDED or rollout.progress.counts.get("done", 0) > 0


def _roll_back(context: TaskContext, name: str, rollout: Rollout) -> bool:
    """Roll back a pool whose rollout has ended; return whether that is still in progress."""
    if name in context.pools.not_back:
        return False
    if name not in context.pools.back and not _start_roll_back(context, name, rollout):
        return True
    if name not in context.pools.back:
        return False
    found = context.services.rollouts.find(ROLLOUTS, context.pools.back[name])
    if found is not None and not found.state.ended:
        return True
    if found is None or found.state is not RolloutState.SUCCEEDED:
        text = f"its roll-back {ROLLOUT_WORDS[found.state] if found else 'is gone'}"
        _record_not_rolled_back(context, name, text, href=rollout_href(context.pools.back[name]))
    return False


def _start_roll_back(context: TaskContext, name: str, rollout: Rollout) -> bool:
    """Start the rollout that rolls the pool back, or record why not; False: try again in the next pass."""
    try:
        pool = free_pool(context.services, name)
    except NotFound:
        return _record_not_rolled_back(context, name, "it is no longer registered")
    if rollout.account and pool.account != rollout.account:
        return _record_not_rolled_back(context, name, "it belongs to another account now")
    later = _later(context, pool, rollout)
    ours = [one for one in later if one.kind is RolloutKind.ROLL_BACK and one.reason == _reason(context.task)]
    if not ours and later:
        return _record_not_rolled_back(
            context, name, "a later rollout has updated it since", href=rollout_href(later[0].id)
        )
    if not ours and (pool.image, pool.version) != (rollout.image, rollout.version):
        # The pool had this version before, so this task did not install it.
        return _record_not_rolled_back(
            context, name, f"it is on version {pool.version} of {pool.image}", href=pool_href(name)
        )
    try:
        back = ours[0].id if ours else _request_roll_back(context, name)
    except StaleRow:
        raise
    except Conflict as conflict:
        if conflict.rollout and context.services.rollouts.find(ROLLOUTS, conflict.rollout) is None:
            return False  # that rollout is being written, or its request was interrupted: then the claim lapses soon
        return _record_not_rolled_back(context, name, str(conflict), href=conflict.href)
    except (InvalidRequest, NotFound, AzureRefused) as refused:
        return _record_not_rolled_back(context, name, error_text(refused))
    context.save(pools=context.pools.model_copy(update={"back": {**context.pools.back, name: back}}))
    return True


def _later(context: TaskContext, pool: Pool, rollout: Rollout) -> list[Rollout]:
    """Rollouts of the pool that came after this one: the one that runs, and the one that ended last."""
    found = [context.services.rollouts.find(ROLLOUTS, one) for one in (pool.running_rollout, pool.last_rollout) if one]
    decided = [one for one in found if one and one.kind is not RolloutKind.REFRESH]
    return [one for one in decided if one.id != rollout.id and one.created_at > rollout.created_at]


def _request_roll_back(context: TaskContext, name: str) -> str:
    """Request the roll-back: hosts follow as users sign out, and all of them once users have been warned."""
    deadline = (context.services.now() + MAX_NOTICE).isoformat()
    soon = ScheduleRequest(mode=ScheduleMode.ON_LOGOFF, deadline=deadline)
    asked = RollBackPoolRequest(reason=_reason(context.task), schedule=soon)
    # Whoever cancelled the task had all its accounts then. Going back to the version before is held up by nothing.
    return roll_back_pool(context.services, context.engine, name, asked, _who(context.task), ALL_ACCOUNTS).id


def _reason(task: Task) -> str:
    """Names the task. After a crash, the rollout that was started for it is recognised by this text."""
    return f"task {task.id} was cancelled with roll_back"


def _record_not_rolled_back(context: TaskContext, name: str, text: str, *, href: str | None = None) -> bool:
    reason = message(Code.NOT_ROLLED_BACK, text, href=href)
    context.save(pools=context.pools.model_copy(update={"not_back": {**context.pools.not_back, name: reason}}))
    return True
