"""How a step waits: while Azure is busy, for a long operation, and never longer than its limit.

A step never sleeps. It returns `wait` and is called again after a durable timer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.errors import (
    AzureBusy,
    AzureConflict,
    AzureError,
    AzureNotFound,
    AzureRefused,
    FreshcoatError,
    UnreadableOperation,
)
from shared.core.refusals import Refusal, named_seconds, refusal_of
from shared.core.steps import NextAction, StepResult
from shared.core.wording import duration_text
from shared.models.azure import Operation
from shared.services import Services

_JUST_AFTER = 1.0
"""Seconds by which a wait goes beyond the limit that ends it."""


class StepFailed(FreshcoatError):
    """A step cannot succeed: its wait ran out, or the result is wrong."""


class AzureTooBusy(StepFailed):
    """A step cannot succeed because Azure has been too busy for too long."""


class StepContext(Protocol):
    """What one step works on, a host of a rollout or a task, as the runner and the waiting need it."""

    @property
    def services(self) -> Services: ...

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of all steps, in order."""

    @property
    def completed_step(self) -> str:
        """The last completed step; empty if there is none."""

    @property
    def current_step(self) -> str:
        """The step that began last; empty if none did."""

    @property
    def step_since(self) -> datetime | None:
        """When the step started, not counting the time Azure was too busy."""

    @property
    def busy_since(self) -> datetime | None:
        """Since when Azure has been too busy; None: it was not, the last time."""

    @property
    def operation(self) -> Operation | None:
        """The running long operation."""

    @property
    def waits_for(self) -> str:
        """What the step waits for, for people."""

    @property
    def poll_eagerly(self) -> bool:
        """Whether others wait for it, so that its operations are polled as often as allowed."""

    def note(self, **changes: object) -> None:
        """Change the row; written by the end of this call. Only for values that can be determined again."""

    def busy(self, step_since: datetime) -> None:
        """Note that Azure was too busy; `step_since` excludes the time it asked for."""

    def awaits_azure(self, answer: AzureError, seconds: float) -> None:
        """Note what Azure answered, and that the next try follows after so many seconds."""

    def answered(self) -> None:
        """Note that Azure was not too busy this time."""

    def begin_step(self, name: str) -> None:
        """Note that this step begins."""

    def complete_step(self, name: str) -> None:
        """Note that this step is completed."""


def run_within_limit(context: StepContext, step: Callable[[], StepResult], limit: float | None) -> StepResult:
    """Run the step and enforce its time limit. Time during which Azure throttles us does not count.

    `limit` in seconds; None: the step waits for people or must finish, so nothing ends it, not even a busy Azure.
    Raises StepFailed.
    """
    try:
        outcome = step()
    except AzureBusy as busy:
        return _busy(context, busy, limit)
    except AzureConflict as conflict:
        if refusal_of(conflict) is not Refusal.OTHER:
            raise  # no operation runs on the resource: a quota or a lock, for instance
        return _conflict(context, conflict, limit)
    context.answered()
    if outcome.action is NextAction.WAIT:
        _check_limit(context, limit, context.waits_for)
    return outcome


def _conflict(context: StepContext, conflict: AzureConflict, limit: float | None) -> StepResult:
    """Wait until Azure has finished its own operation on the resource.

    That time counts against the limit, unless Azure itself says how long it takes.
    """
    if named := named_seconds(conflict):
        return _wait_as_asked(context, conflict, named, limit)
    _check_limit(context, limit, str(conflict))
    wait = context.services.settings.operation_poll
    context.awaits_azure(conflict, wait)
    return StepResult(NextAction.WAIT, wait)


def _busy(context: StepContext, busy: AzureBusy, limit: float | None) -> StepResult:
    """Wait as long as Azure asks. That time does not count against the limit: throttling must not fail a step."""
    return _wait_as_asked(context, busy, named_seconds(busy) or context.services.settings.azure_pause, limit)


def _wait_as_asked(context: StepContext, answer: AzureError, seconds: float, limit: float | None) -> StepResult:
    """Wait for so many seconds, which do not count against the limit; for `busy_limit` in all at the most."""
    settings, now = context.services.settings, context.services.now()
    ends = (context.busy_since or now) + timedelta(seconds=settings.busy_limit)
    if limit is not None and now > ends:
        text = duration_text(timedelta(seconds=settings.busy_limit))
        raise AzureTooBusy(f"Azure has been too busy for {text}: {answer}")
    left = max((ends - now).total_seconds(), 0.0) + _JUST_AFTER
    wait = min(seconds, left if limit is not None else settings.busy_limit)
    context.busy(_later(context, wait))
    context.awaits_azure(answer, wait)
    return StepResult(NextAction.WAIT, wait)


def _later(context: StepContext, seconds: float) -> datetime:
    """When the step started, with a wait of so many seconds from now on taken off. A step that is called again before
    the wait is over gains nothing by it."""
    now, wait = context.services.now(), timedelta(seconds=seconds)
    return min(now + wait, (context.step_since or now) + wait)


def _check_limit(context: StepContext, limit: float | None, waiting_for: str) -> None:
    since = context.step_since
    if limit is not None and since and context.services.now() > since + timedelta(seconds=limit):
        text = f" ({waiting_for})" if waiting_for else ""
        raise StepFailed(f"did not finish within {duration_text(timedelta(seconds=limit))}{text}")


def poll_operation(
    context: StepContext, resume: Callable[[Operation], Operation], operation: Operation | None = None
) -> StepResult | None:
    """Poll the running operation once (`operation`: one just started).

    None when there is none, or it has finished; else the wait until the next poll.
    """
    if operation is None:
        if context.operation is None:
            return None
        try:
            operation = resume(context.operation)
        except AzureNotFound:
            # Its URL has expired: read the resource itself instead.
            context.note(operation=None)
            return None
        except UnreadableOperation:
            # It may be under way: the next call looks at the resource, as if the process had died before it noted it.
            context.note(operation=None)
            return StepResult(NextAction.WAIT, context.services.settings.operation_poll)
        except AzureRefused:
            context.note(operation=None)
            raise
    if operation.done:
        operation_finished(context)
        return None
    begins = context.operation is None
    if begins:
        operation = operation.model_copy(update={"begun_at": context.services.now()})
    else:
        _learn(context, finished=False)
        operation = operation.model_copy(update={"asked": True})
    if operation != context.operation:
        context.note(operation=operation)
    # Retry-After is a minimum (usually 10 seconds); polling that often would use up the read quota.
    asked_for, usual = operation.retry_after or 0.0, _until_asked(context, operation)
    if begins and asked_for > usual:  # it may be done long before it may be polled
        context.note(step_since=_later(context, asked_for - usual))
    return StepResult(NextAction.WAIT, max(asked_for, usual))


def _until_asked(context: StepContext, operation: Operation) -> float:
    """Seconds until the next poll, from what Azure says and what is known of such operations."""
    poll, asks = context.services.settings.operation_poll, context.services.poll_estimates
    if context.poll_eagerly:
        return poll
    return poll * (asks.later(operation.kind) if operation.asked else asks.first(operation.kind))


def operation_finished(context: StepContext) -> None:
    """Note that the running operation finished, or that its result exists: it is not polled again."""
    _learn(context, finished=True)
    context.note(operation=None)


def still_awaited(context: StepContext) -> None:
    """Note that the operation's result does not exist yet: the first poll was too early, so the estimate grows."""
    if context.operation is not None and not context.operation.asked:
        _learn(context, finished=False)
        context.note(operation=context.operation.model_copy(update={"asked": True}))


def _learn(context: StepContext, *, finished: bool) -> None:
    operation = context.operation
    if operation is None or operation.asked or context.poll_eagerly or operation.begun_at is None:
        return
    waited = (context.services.now() - operation.begun_at).total_seconds() / context.services.settings.operation_poll
    context.services.poll_estimates.learn(operation.kind, waited, finished=finished)


def run_operation(
    context: StepContext, resume: Callable[[Operation], Operation], start: Callable[[], Operation]
) -> StepResult:
    """`next` once a long operation has finished: the running one, or else the one that `start` begins.

    An operation that ARM has forgotten is started again: only a `start` that is safe to repeat may be given.
    """
    if context.operation is None:
        return poll_operation(context, resume, start()) or StepResult(NextAction.NEXT)
    forgotten = False

    def asked(operation: Operation) -> Operation:
        nonlocal forgotten
        try:
            return resume(operation)
        except AzureNotFound:
            forgotten = True
            raise

    return poll_operation(context, asked) or StepResult(NextAction.WAIT if forgotten else NextAction.NEXT)
