"""Runs activities one after the other, each until it needs no further call."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask.task import OrchestrationContext, RetryPolicy, Task

from shared.core.names import ORCHESTRATION_VERSION
from shared.core.steps import NextAction

TURNS = 200
"""Activity calls before continue-as-new. Each call replays the history, so the cost grows with their number."""

PATIENCE = RetryPolicy(
    first_retry_interval=timedelta(seconds=2),
    max_number_of_attempts=1_000_000,
    backoff_coefficient=2.0,
    max_retry_interval=timedelta(seconds=60),
)
"""Retry without limit: the activities raise only when the infrastructure fails (storage unavailable, worker lost).
Failures that a retry cannot mend are returned as results."""

Orchestration = Generator[Task[Any], Any, Any]


def is_input(given: object, *names: str) -> bool:
    """Whether this is an input that the app starts orchestrations with. Others would be tried again without end."""
    if not isinstance(given, dict) or type(given.get("run")) is not int:
        return False
    return all(isinstance(given.get(name), str) and given[name] for name in names)


def run_steps(context: OrchestrationContext, steps: tuple[str, ...], given: dict[str, Any]) -> Orchestration:
    """Call the activity of each step until it returns `next`, and wait in between as long as it says.

    `stop` ends the orchestration. After TURNS calls it continues as new with the first step: completed steps return
    `next` at once, because the row says that they are completed.
    """
    if not (is_input(given, "task") or is_input(given, "rollout", "host")):
        return
    index = 0
    for _ in range(TURNS):
        if index == len(steps):
            return
        result = yield context.call_activity(steps[index], input=given, retry_policy=PATIENCE)
        match result["action"]:
            case NextAction.NEXT:
                index += 1
            case NextAction.WAIT:
                yield context.create_timer(timedelta(seconds=result["seconds"]))
            case _:
                return
    context.continue_as_new(given, new_version=ORCHESTRATION_VERSION)
