"""Drives one rollout from its first look to its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from durabletask.task import OrchestrationContext, Task, when_any

from orchestrators.event_buffer import News
from orchestrators.run_steps import PATIENCE, TURNS, Driven
from shared.core.names import INBOX, LOOK_AT_POOL


def publish_image(context: OrchestrationContext, given: dict[str, Any]) -> Driven:
    """1 Look at the pool: gather, decide, apply. 2 Wait for news or for the moment of the next look. 3 Again,
    until the rollout has ended.

    `given`: `rollout` and `run`; everything else is in the tables. News of a log-off are followed by a glance at the
    hosts that were left; all else by a look at the whole pool, when it is due.
    """
    inbox, alarm, news = Inbox(context), Alarm(context), News(context.current_utc_datetime)
    for _ in range(TURNS):
        began = context.current_utc_datetime
        left = news.hosts_left(began)
        looks_at = {**given, "left": left} if left else given
        answer = yield context.call_activity(LOOK_AT_POOL, input=looks_at, retry_policy=PATIENCE)
        if answer["ended"]:
            return answer["state"]
        news.looked(began, answer, glanced=bool(left))
        inbox.empty_into(news)
        while not news.calls_for_a_look(context.current_utc_datetime):
            alarm.set(news.due)
            yield when_any([inbox.waiter, alarm.timer])
            inbox.empty_into(news)
        if news.are_many:
            break
    context.continue_as_new(given, save_events=True)
    return None


class Inbox:
    """The one event with its one waiter, kept across turns: a waiter left behind would swallow the next event."""

    def __init__(self, context: OrchestrationContext) -> None:
        self._context = context
        self.waiter: Task[Any] = context.wait_for_external_event(INBOX)

    def empty_into(self, news: News) -> None:
        """Have `news` hear all that has come."""
        while self.waiter.is_complete:
            news.take(self.waiter.get_result() or {}, self._context.current_utc_datetime)
            self.waiter = self._context.wait_for_external_event(INBOX)


class Alarm:
    """The one timer for the next look: kept across turns, replaced only by a nearer one.

    Every timer is a message (in Azure) or a thread (in the in-memory engine) until it fires.
    """

    def __init__(self, context: OrchestrationContext) -> None:
        self._context = context
        self._at: datetime | None = None
        self.timer: Task[Any] = None  # type: ignore[assignment]

    def set(self, at: datetime) -> None:
        """Have it fire at `at` or earlier."""
        at = at.astimezone(UTC).replace(tzinfo=None)
        if self._at is not None and not self.timer.is_complete and self._at <= at:
            return
        self._at = at
        self.timer = self._context.create_timer(max(at, self._context.current_utc_datetime))
