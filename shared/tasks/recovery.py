"""Resumes tasks that the tables call running but that have no engine instance, and tells suspended ones."""

from __future__ import annotations

import logging
from contextlib import suppress

from shared.core.errors import NewerRow, StaleRow
from shared.core.states import TaskState
from shared.models.tasks import Task, TaskKind
from shared.ports.engine import Engine
from shared.services import TASKS, Services
from shared.workflow.signs_of_life import is_quiet, is_silent

log = logging.getLogger("freshcoat.recovery")

DRIVEN = frozenset({TaskKind.SET_AS_IMAGE, TaskKind.ACTIVATE, TaskKind.ROLL_BACK, TaskKind.UPDATE_POOLS})
"""Kinds of task that are driven step by step; the others are written when they are done."""


def resume_lost_tasks(services: Services, engine: Engine) -> list[str]:
    """Restart every open task that has no living engine instance; answers their ids.

    A task that has shown life within `resume_after` is left alone: its first instance may just be starting, or be
    another function host's.
    """
    resumed = []
    for task in services.tasks.each(TASKS, state=TaskState.RUNNING):
        if task.kind not in DRIVEN or not is_quiet(services, task.created_at, task.alive_at):
            continue
        if engine.task_alive(task.id, task.engine_run):
            _note_life(services, task, suspended=engine.task_suspended(task.id, task.engine_run))
        elif is_silent(services, task.created_at, task.alive_at) and _start_again(services, engine, task):
            resumed.append(task.id)
    return resumed


def _note_life(services: Services, task: Task, *, suspended: bool) -> None:
    """Record that the orchestration is alive, and whether somebody suspended it. Resuming it is left to them."""
    since = (task.suspended_since or services.now()) if suspended else None
    if since and not task.suspended_since:
        log.error("the orchestration of task %s is suspended; resume it", task.id)
    with suppress(StaleRow, NewerRow):
        services.tasks.replace(task.model_copy(update={"suspended_since": since, "alive_at": services.now()}))


def _start_again(services: Services, engine: Engine, task: Task) -> bool:
    """Start a new run under a new number, so that an old instance that resumes notices that it was replaced.

    Returns whether it was started. A task whose row changed in the meantime is checked again next time.
    """
    try:
        again = services.tasks.replace(
            task.model_copy(
                update={"engine_run": task.engine_run + 1, "suspended_since": None, "alive_at": services.now()}
            )
        )
    except StaleRow:
        return False
    except NewerRow as error:
        log.error("task %s is passed over: %s", task.id, error)
        return False
    log.warning("task %s (%s) of %s had no orchestration and is restarted", task.id, task.kind, task.image)
    engine.start_task(again.id, again.kind, again.engine_run)
    return True
