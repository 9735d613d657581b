"""How long Azure asks a step to wait: that time is not the step's own, and it has an end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.errors import AzureBusy, AzureConflict, AzureError
from shared.core.refusals import LONGEST_NAMED
from shared.core.steps import NextAction, StepResult
from shared.models.azure import Operation, OperationKind
from shared.workflow.step_runner import Step, run_step
from shared.workflow.waiting import poll_operation
from tests.fixtures.app import App
from tests.unit.workflow.test_step_runner import NEXT, Context, on_failure

LIMIT = 60.0
OPERATION = Operation(kind=OperationKind.REIMAGE, target="vm", token="t", done=False)
BUSY = AzureBusy("read", 429, "TooManyRequests", "later", retry_after=10 * LIMIT)
CONFLICT = AzureConflict("write", 409, "Conflict", "at work; retry after 600 seconds")


class Clock:
    """Runs one step of a host again and again, as long as it says it waits."""

    def __init__(self) -> None:
        self.app = App()
        self.context = Context(self.app.services)

    def call(self, step: Callable[[Context], StepResult]) -> StepResult:
        """Run the step once, and let the time pass that it waits."""
        result = run_step(self.context, Step("first", step, lambda _: LIMIT), on_failure)
        self.app.later(seconds=result.seconds)
        return result


@pytest.mark.parametrize("answer", [BUSY, CONFLICT])
def test_a_wait_longer_than_the_limit_leaves_the_step_its_own_time(answer: AzureError) -> None:
    clock = Clock()

    def step(_: Context) -> StepResult:
        answers = clock.context.answers
        if not answers:
            raise answer
        return StepResult(NextAction.WAIT, LIMIT / 2)

    assert [clock.call(step).action for _ in range(4)] == [NextAction.WAIT] * 4
    assert clock.call(step).action is NextAction.STOP  # its own minute is over


@pytest.mark.parametrize("answer", [BUSY, CONFLICT])
def test_a_step_that_is_called_too_early_gains_no_time(answer: AzureError) -> None:
    clock = Clock()

    def busy(_: Context) -> StepResult:
        raise answer

    for _ in range(50):
        run_step(clock.context, Step("first", busy, lambda _: LIMIT), on_failure)
    since = clock.context.step_since
    assert since is not None
    assert (since - clock.app.now).total_seconds() <= 10 * LIMIT


def test_the_first_poll_of_an_operation_may_be_later_than_the_limit() -> None:
    clock = Clock()
    slow = OPERATION.model_copy(update={"retry_after": 10 * LIMIT})

    def step(context: Context) -> StepResult:
        if context.operation is None:
            return poll_operation(context, lambda _: slow, slow) or NEXT
        return StepResult(NextAction.WAIT, LIMIT / 2)

    assert clock.call(step) == StepResult(NextAction.WAIT, 10 * LIMIT)
    assert clock.call(step).action is NextAction.WAIT


def test_an_operation_that_never_ends_fails_the_step_however_long_its_polls_are_apart() -> None:
    clock = Clock()
    slow = OPERATION.model_copy(update={"retry_after": 10 * LIMIT})

    def step(context: Context) -> StepResult:
        return poll_operation(context, lambda _: slow, None if context.operation else slow) or NEXT

    actions = [clock.call(step).action for _ in range(5)]
    assert NextAction.STOP in actions


@pytest.mark.parametrize("busy_since", [None, 0.0, 12 * 3_600.0 - 100])
def test_no_wait_is_longer_than_azure_may_be_busy(busy_since: float | None) -> None:
    clock = Clock()
    clock.context.busy_since = None if busy_since is None else clock.app.now
    clock.app.later(seconds=busy_since or 0)

    def busy(_: Context) -> StepResult:
        raise AzureBusy("read", 429, "TooManyRequests", "later", retry_after=9e9)

    left = clock.app.settings.busy_limit - (busy_since or 0)
    assert 0 < clock.call(busy).seconds <= left + 1


@pytest.mark.parametrize("seconds", ["9" * 30, "9" * 400])
def test_no_named_wait_is_too_long_to_be_a_time(seconds: str) -> None:
    clock = Clock()

    def conflict(_: Context) -> StepResult:
        raise AzureConflict("write", 409, "Conflict", f"retry after {seconds} seconds")

    assert clock.call(conflict).seconds <= LONGEST_NAMED
