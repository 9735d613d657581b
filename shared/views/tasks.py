"""Tasks as people see them: the list with rollouts among them, one with its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from shared.access.subjects import rollout_subject, task_subject
from shared.api.common import Listed
from shared.api.lists.tasks import TasksQuery
from shared.api.tasks import TaskBrief, TaskView
from shared.core.codes import Code
from shared.core.errors import NotFound
from shared.core.hrefs import rollout_href, task_href
from shared.core.states import RolloutState, TaskState
from shared.core.task_steps import TASK_STEPS
from shared.models.access.roles import Reach
from shared.models.messages import Message, message, sentence
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.models.tasks import Task, TaskKind
from shared.services import ROLLOUTS, TASKS, Services
from shared.views import rollout_progress, suspension
from shared.views.filters import check_account_filter, check_image_filter, check_pool_filter
from shared.views.fleet import StartedRollouts, pools_fields, read_rollouts, waits_for
from shared.views.histories import Source, history_page, in_time, of_account, wanted_states

ROLLOUT: Literal["rollout"] = "rollout"
"""The kind of task that a rollout is."""

REFRESH: Literal["refresh"] = "refresh"
"""The kind of task that refreshing the hosts of a pool is: a rollout that never ends by itself."""

ROLLOUT_WORDS = {
    RolloutState.SCHEDULED: "waiting for its time",
    RolloutState.RUNNING: "updating hosts",
    RolloutState.AWAITING_APPROVAL: "waiting for approval",
    RolloutState.PAUSED: "paused",
    RolloutState.ROLLING_BACK: "going back to the version before",
    RolloutState.CANCELLING: "finishing the hosts in work",
}
"""What a rollout is doing in a state; nothing after its end."""


def brief(task: Task) -> TaskBrief:
    """A task for a list, from its own row alone."""
    return TaskBrief(**_fields(task))


def view(task: Task, now: datetime, started: StartedRollouts | None = None) -> TaskView:
    """A task with its steps, its pools and the resources that it could not remove. `started`: its pools' rollouts."""
    told = None if task.state.ended else suspension.of_task(task) or task.note
    fields = _fields(task) | {"waits_for": waits_for(task, told) if told else None}
    return TaskView(
        **fields | pools_fields(task, started or {}, now),
        steps=[step.model_copy(update={"name": words(step.name)}) for step in task.steps],
        left_over=list(task.capture.left_over) if task.capture else [],
        stopped_rollouts=list(task.activation.stopped) if task.activation else [],
        promotion=task.promotion,
        awaiting_since=None if task.state.ended else task.second.awaiting_since,
        second_person=task.second.asked,
        second_approved_at=task.second.at,
        second_approved_by=task.second.by,
    )


def rollout_brief(rollout: Rollout) -> TaskBrief:
    """A rollout in the list of tasks, from its own row alone: its percent is that of its last pass."""
    return TaskBrief(**_rollout_fields(rollout, rollout_progress.brief_percent(rollout)))


def rollout_view(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> TaskView:
    """A rollout as a task, its percent reckoned from its hosts. Its own address says more."""
    return TaskView(**_rollout_fields(rollout, rollout_progress.progress(rollout, hosts, now).percent))


def words(step: str) -> str:
    """What a task does in this step, as people read it; an unknown name is returned unchanged."""
    known = TASK_STEPS.get(step)
    return known.words if known else step


def _fields(task: Task) -> dict[str, Any]:
    return _common(task) | {
        "from_version": task.from_version,
        "kind": task.kind,
        "percent": task.percent,
        "step": "" if task.state.ended else words(task.step),
        "note": _note(task),
        "href": task_href(task.id),
    }


def _rollout_fields(rollout: Rollout, percent: int) -> dict[str, Any]:
    refreshes = rollout.kind is RolloutKind.REFRESH
    keeping = refreshes and rollout.state is RolloutState.RUNNING
    return _common(rollout) | {
        "from_version": rollout.before.version,
        "kind": REFRESH if refreshes else ROLLOUT,
        "pool": rollout.pool,
        "percent": percent,
        "step": "keeping hosts fresh" if keeping else ROLLOUT_WORDS.get(rollout.state, ""),
        "note": rollout_progress.note_of(rollout),
        "href": rollout_href(rollout.id),
    }


def _common(row: Task | Rollout) -> dict[str, Any]:
    shared = TaskBrief.model_fields.keys() - {"from_version", "kind", "pool", "percent", "step", "note", "href"}
    return {name: getattr(row, name) for name in shared}


def _note(task: Task) -> Message | None:
    """While it runs and cannot succeed any more, the reason for that counts more than what it waits for."""
    if told := suspension.of_task(task):
        return told
    if task.failure and not (task.state.ended and task.note):
        return message(Code.TASK_FAILED, sentence(task.failure))
    if task.cancelled_by and not task.state.ended:
        return message(Code.CANCELLED_BY_USER, f"Cancelled by {task.cancelled_by}.")
    return task.note


def list_tasks(services: Services, reach: Reach, query: TasksQuery) -> Listed[TaskBrief]:
    """A page of tasks and rollouts. Raises InvalidRequest for an unknown name.

    Both have ids that sort newest first, and are kept under them: one continuation says for both tables where the
    next page begins.
    """
    check_image_filter(services, reach, query.image)
    check_pool_filter(services, reach, query.pool)
    check_account_filter(services, reach, query.account)
    sources: list[Source[Any]] = [*_tasks_wanted(services, reach, query), *_rollouts_wanted(services, reach, query)]
    page = history_page(query, sources, query.sort, _shown_kind if query.sort == "kind" else attrgetter(query.sort))
    items = [rollout_brief(row) if isinstance(row, Rollout) else brief(row) for row in page.rows]
    return Listed[TaskBrief](items=items, continuation=page.continuation)


def _shown_kind(row: Task | Rollout) -> str:
    if isinstance(row, Rollout):
        return REFRESH if row.kind is RolloutKind.REFRESH else ROLLOUT
    return row.kind


def _tasks_wanted(services: Services, reach: Reach, query: TasksQuery) -> Iterator[Source[Task]]:
    """The tasks that are wanted, kind by kind."""
    image = (("image", query.image),) if query.image else ()
    kinds = [None] if query.kind is None else [TaskKind(kind) for kind in query.kind if kind in set(TaskKind)]
    for kind in kinds:
        yield Source(
            services.tasks,
            TASKS,
            lambda row: (
                task_subject(row).seen_by(reach)
                and of_account(query, row.accounts)
                and (query.pool is None or (row.pools is not None and query.pool in row.pools.update.pools))
                and in_time(query, row)
            ),
            wanted_states(TaskState, query, query.state),
            image + ((("kind", kind),) if kind else ()),
        )


def _rollouts_wanted(services: Services, reach: Reach, query: TasksQuery) -> Iterator[Source[Rollout]]:
    """The rollouts that are wanted, if any."""
    if query.kind is not None and not {ROLLOUT, REFRESH} & set(query.kind):
        return
    named = {"image": query.image, "pool": query.pool, "account": query.account}
    only_refreshes = query.kind is not None and ROLLOUT not in query.kind
    yield Source(
        services.rollouts,
        ROLLOUTS,
        lambda row: rollout_subject(row).seen_by(reach) and in_time(query, row),
        wanted_states(RolloutState, query, query.state),
        tuple((name, value) for name, value in named.items() if value)
        + ((("kind", RolloutKind.REFRESH),) if only_refreshes else ()),
    )


def read_task(services: Services, task_id: str, reach: Reach) -> TaskView:
    """One task with its steps and the rollouts in reach that it stopped, or a rollout as a task. Raises NotFound."""
    task = services.tasks.find(TASKS, task_id)
    if task is not None:
        shown = view(task, services.now(), read_rollouts(services, task.pools) if task.pools else None)
        stopped = [one for one in shown.stopped_rollouts if _sees_rollout(services, reach, one.rollout)]
        return shown.replace(stopped_rollouts=stopped)
    rollout = services.rollouts.find(ROLLOUTS, task_id)
    if rollout is None:
        raise NotFound("task", task_id)
    return rollout_view(rollout, services.hosts.all(task_id), services.now())


def _sees_rollout(services: Services, reach: Reach, rollout_id: str) -> bool:
    rollout = None if reach.everything else services.rollouts.find(ROLLOUTS, rollout_id)
    return reach.everything or (rollout is not None and rollout_subject(rollout).seen_by(reach))
