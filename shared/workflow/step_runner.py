"""Runs one step of a host or of a task: skip it if it is completed, call it, wait or fail, record that it is completed.

A step never sleeps. It does a little, and returns whether the next step follows or how long to wait; a durable timer
does the waiting. A step that is called again, after a wait or a crash, finds out from the row and from Azure how far
the earlier call got.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core.errors import AzureRefused, FreshcoatError, StaleRow
from shared.core.steps import NextAction, StepResult, is_completed
from shared.core.task_steps import Limit
from shared.workflow.waiting import StepContext, StepFailed, run_within_limit


@dataclass(frozen=True)
class Step[C: StepContext]:
    """One row of a table of steps: its name, its function, and how long it may take in all."""

    name: str
    run: Callable[[C], StepResult]
    limit: Limit


def run_step[C: StepContext](
    context: C,
    step: Step[C],
    on_failure: Callable[[C, str, FreshcoatError], StepResult],
    *,
    failures: tuple[type[FreshcoatError], ...] = (),
) -> StepResult:
    """Run one step, unless it is completed.

    It waits while Azure is busy or works on the resource (see `run_within_limit`). A failed step, a refusal by Azure
    and the `failures` go to `on_failure`. Other errors are raised, so that the call is repeated: the tables cannot be
    reached, or another run changed the row, which the repeated call finds out.
    """
    if is_completed(context.steps, context.completed_step, step.name):
        return StepResult(NextAction.NEXT)
    if context.current_step != step.name:
        context.begin_step(step.name)
    expected: tuple[type[FreshcoatError], ...] = (StepFailed, AzureRefused, *failures)
    try:
        result = run_within_limit(context, lambda: step.run(context), step.limit(context.services.settings))
    except StaleRow:
        raise
    except expected as error:
        result = on_failure(context, step.name, error)
    if result.action is NextAction.NEXT and not is_completed(context.steps, context.completed_step, step.name):
        context.complete_step(step.name)
    return result
