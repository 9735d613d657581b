"""The end of a job over many pools: what runs is stopped first when it was cancelled; then it says what came of it."""

from __future__ import annotations

from shared.core.states import RolloutState, TaskState
from shared.core.steps import Outcome, Then
from shared.core.wording import counted
from shared.imaging.way_back import stop_pools
from shared.views.fleet import not_begun, not_updated, read_rollouts
from shared.workflow.task_runner import TaskWork


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
