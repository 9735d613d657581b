"""The runner that the steps of hosts and of tasks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureRefused, Conflict, FreshcoatError, StaleRow
from shared.core.steps import HOST_STEPS, NextAction, StepResult
from shared.core.task_steps import no_limit
from shared.models.azure import Operation
from shared.rollouts.hosts.runner import HOST_STEP_TABLE
from shared.services import Services
from shared.workflow.step_runner import Step, run_step
from shared.workflow.waiting import StepFailed
from tests.fixtures.app import App

NEXT, STOP = StepResult(NextAction.NEXT), StepResult(NextAction.STOP)


@dataclass
class Context:
    """A context that keeps everything in memory."""

    services: Services
    steps: tuple[str, ...] = ("first", "second")
    completed_step: str = ""
    current_step: str = ""
    step_since: datetime | None = None
    busy_since: datetime | None = None
    operation: Operation | None = None
    waits_for: str = ""
    poll_eagerly: bool = True
    failures: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def note(self, **changes: object) -> None:
        vars(self).update(changes)

    def busy(self, step_since: datetime) -> None:
        self.step_since = step_since

    def awaits_azure(self, answer: AzureError, seconds: float) -> None:
        self.answers.append(f"{answer.code} for {seconds:.0f} s")

    def answered(self) -> None:
        pass

    def begin_step(self, name: str) -> None:
        self.current_step, self.step_since = name, self.services.now()

    def complete_step(self, name: str) -> None:
        self.completed_step = name


def on_failure(context: Context, name: str, error: FreshcoatError) -> StepResult:
    context.failures.append(f"{name}: {error}")
    return STOP


def raising(error: Exception) -> Callable[[Context], StepResult]:
    def run(_: Context) -> StepResult:
        raise error

    return run


@pytest.fixture
def context() -> Context:
    return Context(App().services)


def run(context: Context, step: Callable[[Context], StepResult], name: str = "first", **more: Any) -> StepResult:
    return run_step(context, Step(name, step, no_limit), on_failure, **more)


def test_a_step_begins_once_and_is_completed_by_next(context: Context) -> None:
    waits = StepResult(NextAction.WAIT, 5)
    assert run(context, lambda _: waits) == waits
    assert (context.current_step, context.completed_step) == ("first", "")
    began, context.step_since = context.step_since, None
    assert run(context, lambda _: NEXT) == NEXT
    assert (began is not None, context.step_since, context.completed_step) == (True, None, "first")


def test_a_completed_step_is_not_run_again(context: Context) -> None:
    context.completed_step = "second"
    assert run(context, raising(AssertionError("it ran"))) == NEXT
    assert context.current_step == ""


def test_a_step_that_completes_a_later_one_keeps_it(context: Context) -> None:
    def leaps(context: Context) -> StepResult:
        context.completed_step = "second"
        return NEXT

    run(context, leaps)
    assert context.completed_step == "second"


@pytest.mark.parametrize("error", [StepFailed("no"), AzureRefused("read", 400, "Code", "no")])
def test_a_failure_is_handled_and_completes_nothing(context: Context, error: FreshcoatError) -> None:
    assert run(context, raising(error)) == STOP
    assert (context.failures, context.completed_step) == ([f"first: {error}"], "")


@pytest.mark.parametrize(
    "error", [AzureBusy("read", 429, "Code", "later", retry_after=7), AzureConflict("read", 409, "Code", "at work")]
)
def test_a_busy_azure_and_a_resource_at_work_are_waited_for(context: Context, error: FreshcoatError) -> None:
    result = run(context, raising(error))
    assert (result.action, result.seconds > 0, context.failures) == (NextAction.WAIT, True, [])
    assert context.answers == [f"Code for {result.seconds:.0f} s"]


@pytest.mark.parametrize("code", ["SkuNotAvailable", "ScopeLocked", "QuotaExceeded"])
def test_a_conflict_that_no_wait_ends_is_a_failure(context: Context, code: str) -> None:
    assert run(context, raising(AzureConflict("create", 409, code, "no"))) == STOP
    assert (len(context.failures), context.answers) == (1, [])


def test_only_the_errors_that_are_named_count_as_failures(context: Context) -> None:
    with pytest.raises(Conflict):
        run(context, raising(Conflict("no")))
    assert run(context, raising(Conflict("no")), failures=(Conflict,)) == STOP


def test_a_row_that_another_run_changed_fails_nothing(context: Context) -> None:
    with pytest.raises(StaleRow):
        run(context, raising(StaleRow("Tasks", "t-1", "task")), failures=(Conflict,))
    assert context.failures == []


def test_the_time_limit_fails_a_step_that_waits(context: Context) -> None:
    def waits(_: Context) -> StepResult:
        return StepResult(NextAction.WAIT, 5)

    step: Step[Context] = Step("first", waits, lambda _: 60.0)
    assert run_step(context, step, on_failure).action is NextAction.WAIT
    context.step_since = context.services.now() - timedelta(seconds=61)
    assert run_step(context, step, on_failure) == STOP
    assert context.failures == ["first: did not finish within 1 minute"]


def test_the_table_of_host_steps_has_their_order() -> None:
    assert tuple(HOST_STEP_TABLE) == HOST_STEPS
