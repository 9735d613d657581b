"""Timer triggers with NCRONTAB expressions (with seconds) or fixed intervals."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from azure_functions_runtime.bindings.datumdef import Datum
from croniter import croniter  # type: ignore[import-untyped]

from local.host.function import AppError, Function
from local.host.invoke import FunctionFailed, Invoker, datum
from local.host.worker_process import WorkerLost

_INTERVAL = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")


@dataclass(frozen=True)
class Schedule:
    """The due times of a timer, in UTC."""

    text: str
    next_after: Callable[[datetime], datetime]


def parse_schedule(text: str) -> Schedule:
    """Parse ``{second} {minute} {hour} {day} {month} {weekday}`` or ``[d.]hh:mm:ss``.

    Five fields mean second 0. Day and weekday must both match, as in NCRONTAB. Raises ValueError.
    """
    interval = _INTERVAL.fullmatch(text.strip())
    if interval:
        days, hours, minutes, seconds = (int(part or 0) for part in interval.groups())
        every = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not every:
            raise ValueError(f"the interval {text!r} is zero")
        return Schedule(text, lambda after: after + every)
    fields = text.split()
    if len(fields) not in (5, 6):
        raise ValueError(f"{text!r} has {len(fields)} fields; a schedule needs 6, with seconds first")
    expression = " ".join(fields if len(fields) == 6 else ["0", *fields])
    croniter(expression, second_at_beginning=True)
    return Schedule(text, lambda after: _next(expression, after))


def _next(expression: str, after: datetime) -> datetime:
    found = croniter(expression, after, second_at_beginning=True, day_or=False).get_next(datetime)
    return found if isinstance(found, datetime) else datetime.fromtimestamp(found, UTC)


@dataclass(frozen=True)
class Timer:
    """A timer function and its schedule."""

    function: Function
    schedule: Schedule

    @classmethod
    def of(cls, function: Function) -> "Timer":
        """Read the function's schedule. Raises AppError when it is invalid."""
        try:
            return cls(function, parse_schedule(str(function.trigger["schedule"])))
        except ValueError as error:
            raise AppError(f"function {function.name}: {error}") from error

    async def run(self, invoker: Invoker) -> None:
        """Run the function at every due time until cancelled. A run that is still active delays the next one."""
        last: datetime | None = None
        if self.function.trigger.get("runOnStartup"):
            last = datetime.now(UTC)
            await self.fire(invoker, last, last=None)
        due = self.schedule.next_after(datetime.now(UTC))
        while True:
            await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
            await self.fire(invoker, due, last)
            last = due
            due = self.schedule.next_after(max(due, datetime.now(UTC)))

    async def fire(self, invoker: Invoker, due: datetime, last: datetime | None) -> None:
        """Run the function once. A failure does not stop the timer."""
        with contextlib.suppress(FunctionFailed, WorkerLost):
            await invoker.run(self.function, timer_datum(self.schedule, due, last))


def timer_datum(schedule: Schedule, due: datetime, last: datetime | None) -> Datum:
    """The input of a timer function."""
    status = {
        "Last": (last or datetime.min.replace(tzinfo=UTC)).isoformat(),
        "Next": schedule.next_after(due).isoformat(),
        "LastUpdated": due.isoformat(),
    }
    info = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}
    return datum(json.dumps(info), "json")
