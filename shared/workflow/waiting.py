"""How a step waits: for Azure when it is busy, for a long operation, and never longer than it may.

A step never sleeps. It answers `wait` and is called again after a durable timer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureNotFound, FreshcoatError
from shared.core.steps import Outcome, Then
from shared.core.wording import lasting
from shared.models.azure import Operation
from shared.services import Services


class StepFailed(FreshcoatError):
    """A step cannot succeed: what it waited for did not come, or came wrong."""


class Stepped(Protocol):
    """One thing in one step: a host of a rollout, or a task on an image."""

    @property
    def services(self) -> Services: ...

    @property
    def step_since(self) -> datetime | None:
        """When the step was begun, less the time Azure was too busy."""

    @property
    def busy_since(self) -> datetime | None:
        """From when on its time with a busy Azure counts; None: Azure was not busy the last time."""

    @property
    def operation(self) -> Operation | None:
        """The long operation that is under way."""

    @property
    def waits_for(self) -> str:
        """What the step waits for, in words."""

    @property
    def closely(self) -> bool:
        """Whether others wait for it, so that each operation is asked after as often as may be."""

    def note(self, **changes: object) -> None:
        """Have these changes in the row once this call has ended: what they tell can be found out again."""

    def busy(self, step_since: datetime) -> None:
        """Note that Azure was too busy; `step_since` leaves the time out that it asks for."""

    def answered(self) -> None:
        """Note that Azure was not too busy this time."""


def within(work: Stepped, step: Callable[[], Outcome], limit: float | None) -> Outcome:
    """Run the step, and wait for what is under way within the limit; while Azure is too busy, time stands still.

    `limit` in seconds; None: it waits for people, or must come to its end: nothing ends it, a busy Azure neither.
    Raises StepFailed.
    """
    try:
        outcome = step()
    except AzureBusy as busy:
        return _busy(work, busy, limit)
    except AzureConflict as conflict:
        work.answered()
        _check_limit(work, limit, str(conflict))
        return Outcome(Then.WAIT, work.services.settings.operation_poll)
    work.answered()
    if outcome.then is Then.WAIT:
        _check_limit(work, limit, work.waits_for)
    return outcome


def _busy(work: Stepped, busy: AzureBusy, limit: float | None) -> Outcome:
    """Wait as long as Azure asks. That time does not count against the step: throttling must lose nothing."""
    settings, now = work.services.settings, work.services.now()
    wait = busy.retry_after or settings.azure_pause
    if limit is not None and work.busy_since and now > work.busy_since + timedelta(seconds=settings.busy_limit):
        raise StepFailed(f"Azure has been too busy for {lasting(timedelta(seconds=settings.busy_limit))}: {busy}")
    work.busy(min(now, (work.step_since or now) + timedelta(seconds=wait)))
    return Outcome(Then.WAIT, wait)


def _check_limit(work: Stepped, limit: float | None, waiting_for: str) -> None:
    since = work.step_since
    if limit is not None and since and work.services.now() > since + timedelta(seconds=limit):
        told = f" ({waiting_for})" if waiting_for else ""
        raise StepFailed(f"did not finish within {lasting(timedelta(seconds=limit))}{told}")


def carry_on(
    work: Stepped, resume: Callable[[Operation], Operation], operation: Operation | None = None
) -> Outcome | None:
    """Ask once how the running operation is doing (`operation`: one just started).

    None when there is none, or it has finished; else the wait until it is asked again.
    """
    if operation is None:
        if work.operation is None:
            return None
        try:
            operation = resume(work.operation)
        except AzureNotFound:
            # Its URL has expired: look at the thing itself instead.
            work.note(operation=None)
            return None
        except AzureBusy:
            raise
        except AzureError:
            work.note(operation=None)
            raise
    if operation.done:
        found_through(work)
        return None
    if work.operation is None:
        operation = operation.model_copy(update={"begun_at": work.services.now()})
    else:
        _learn(work, through=False)
        operation = operation.model_copy(update={"asked": True})
    if operation != work.operation:
        work.note(operation=operation)
    # What Azure names is the least (10 seconds as a rule); asking as often would use up its reads.
    return Outcome(Then.WAIT, max(operation.retry_after or 0.0, _until_asked(work, operation)))


def _until_asked(work: Stepped, operation: Operation) -> float:
    """Seconds until it is asked how the operation is doing, for all that Azure says."""
    poll, asks = work.services.settings.operation_poll, work.services.first_asks
    if work.closely:
        return poll
    return poll * (asks.later(operation.kind) if operation.asked else asks.first(operation.kind))


def found_through(work: Stepped) -> None:
    """Note that the running operation has come to its end, or that what it was for is there: it is asked no more."""
    _learn(work, through=True)
    work.note(operation=None)


def still_awaited(work: Stepped) -> None:
    """Note that what the running operation is for is not there yet, though it may itself be through: the first ask
    came too early, and that is what is learned."""
    if work.operation is not None and not work.operation.asked:
        _learn(work, through=False)
        work.note(operation=work.operation.model_copy(update={"asked": True}))


def _learn(work: Stepped, *, through: bool) -> None:
    operation = work.operation
    if operation is None or operation.asked or work.closely or operation.begun_at is None:
        return
    waited = (work.services.now() - operation.begun_at).total_seconds() / work.services.settings.operation_poll
    work.services.first_asks.learn(operation.kind, waited, through=through)


def settle(work: Stepped, resume: Callable[[Operation], Operation], start: Callable[[], Operation]) -> Outcome:
    """`next` once a long operation has finished: the one under way, or else the one that `start` begins.

    One that ARM has forgotten is begun again: only a `start` that is safe to repeat may be given.
    """
    if work.operation is None:
        return carry_on(work, resume, start()) or Outcome(Then.NEXT)
    forgotten = False

    def asked(operation: Operation) -> Operation:
        nonlocal forgotten
        try:
            return resume(operation)
        except AzureNotFound:
            forgotten = True
            raise

    return carry_on(work, asked) or Outcome(Then.WAIT if forgotten else Then.NEXT)
