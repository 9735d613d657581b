"""Walks through the steps of one thing: a host of a rollout, or a task on an image."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask.task import OrchestrationContext, RetryPolicy, Task

from shared.core.steps import NextAction

TURNS = 200
"""Calls of one generation: replaying a history costs time in proportion to its length."""

PATIENCE = RetryPolicy(
    first_retry_interval=timedelta(seconds=2),
    max_number_of_attempts=1_000_000,
    backoff_coefficient=2.0,
    max_retry_interval=timedelta(seconds=60),
)
"""A look or a step that crashes (storage away, worker lost) is repeated for as long as it takes: giving up
silently would leave people waiting. What cannot succeed is answered, not raised."""

Orchestration = Generator[Task[Any], Any, Any]


def run_steps(context: OrchestrationContext, steps: tuple[str, ...], given: dict[str, Any]) -> Orchestration:
    """Call each step until it is through; it says how long to wait, and which step is to be called then.

    `again` begins with the first step; `stop` ends. After TURNS calls a new generation begins with the first
    step: those that are behind it answer `next` at once, from the row.
    """
    index = 0
    for _ in range(TURNS):
        if index == len(steps):
            return
        outcome = yield context.call_activity(steps[index], input=given, retry_policy=PATIENCE)
        match outcome["action"]:
            case NextAction.NEXT:
                index += 1
            case NextAction.WAIT:
                index = steps.index(outcome.get("step") or steps[index])
                yield context.create_timer(timedelta(seconds=outcome["seconds"]))
            case NextAction.RESTART:
                index = 0
            case _:
                return
    context.continue_as_new(given)
