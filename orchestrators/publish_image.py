"""Drives one rollout from its first look to its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from durabletask.task import OrchestrationContext, Task, when_any

from orchestrators.news import News
from orchestrators.walk import PATIENCE, TURNS, Driven
from shared.names import INBOX, LOOK_AT_POOL


def publish_image(context: OrchestrationContext, given: dict[str, Any]) -> Driven:
    """1 Look at the pool: gather, decide, apply. 2 Wait for news or for the moment of the next look. 3 Again,
    until the rollout has ended.

    `given`: `rollout` and `run`; everything else is in the tables. News of a log-off are followed by a glance at the
    hosts that were left; all else by a look at the whole pool, when it is due.
    There is one inbox event with one waiter, kept across turns: a waiter left behind would swallow the next event.
    """
    inbox = context.wait_for_external_event(INBOX)
    alarm, news = Alarm(context), News(context.current_utc_datetime)
    for _ in range(TURNS):
        left = news.hosts_left(context.current_utc_datetime)
        began = context.current_utc_datetime
        answer = yield context.call_activity(
            LOOK_AT_POOL, input={**given, "left": left} if left else given, retry_policy=PATIENCE
        )
        if answer["ended"]:
            return answer["state"]
        news.looked(began, answer, glanced=bool(left))
        while True:
            while inbox.is_complete:
                news.take(inbox.get_result() or {}, context.current_utc_datetime)
                inbox = context.wait_for_external_event(INBOX)
            if news.calls_for_a_look(context.current_utc_datetime):
                break
            alarm.set(news.due)
            yield when_any([inbox, alarm.timer])
    context.continue_as_new(given, save_events=True)
    return None


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
