"""Runs the steps of a task: set-as-image, activation, roll-back, fleet update.

A failed step fails the task: the remaining steps are skipped, except the last one, which cleans up and ends the task.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from shared.audit.about import asker_of_task
from shared.core.asking import asking
from shared.core.errors import Conflict, FreshcoatError, InvalidRequest
from shared.core.steps import NextAction, StepResult
from shared.core.task_steps import TASK_STEPS
from shared.models.messages import error_text
from shared.ports.engine import Engine
from shared.services import Services
from shared.workflow.step_runner import Step, run_step
from shared.workflow.task_context import TaskContext, load_task

log = logging.getLogger("freshcoat.task")

TaskStepRun = Callable[[TaskContext], StepResult]


def run_task_step(
    services: Services, engine: Engine, given: dict[str, object], name: str, run: TaskStepRun
) -> StepResult:
    """Run step `name` of the task named in `given`.

    A refusal, by Azure or by our own rules, fails the task: the other steps return NEXT until the last one ends it.
    """
    context = load_task(services, engine, given)
    if context is None:
        return StepResult(NextAction.STOP)
    if context.task.failure and name != context.steps[-1]:
        return StepResult(NextAction.NEXT)
    step = Step(name, run, TASK_STEPS[name].limit)
    with asking(asker_of_task(context.task)):
        return run_step(context, step, _fail_task, failures=(Conflict, InvalidRequest))


def _fail_task(context: TaskContext, name: str, error: FreshcoatError) -> StepResult:
    if name == context.steps[-1]:
        raise error
    log.warning("task %s: %s: %s", context.task.id, name, error)
    context.save(failure=context.task.failure or error_text(error), operation=None)
    return StepResult(NextAction.NEXT)
