"""Drives one rollout from its first reconcile pass to its end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from durabletask.task import OrchestrationContext, Task, when_any

from orchestrators.event_buffer import EventBuffer, is_event
from orchestrators.run_steps import PATIENCE, TURNS, Orchestration, is_input
from shared.core.names import INBOX, ORCHESTRATION_VERSION, RECONCILE_POOL

log = logging.getLogger("freshcoat.rollout")


def publish_image(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Run a reconcile pass. 2 Wait for an event or until the next pass is due. 3 Repeat until the rollout has ended.

    `given`: `rollout` and `run`; everything else is in the tables. After a log-off, the pass covers only the hosts that
    users signed out of; otherwise it covers the whole pool.
    """
    if not is_input(given, "rollout"):
        return "ignored"
    inbox, alarm, events = Inbox(context), Alarm(context), EventBuffer(context.current_utc_datetime)
    for _ in range(TURNS):
        began = context.current_utc_datetime
        hosts = events.take_logged_off(began)
        asked = {**given, "logged_off": hosts} if hosts else given
        result = yield context.call_activity(RECONCILE_POOL, input=asked, retry_policy=PATIENCE)
        if result["ended"]:
            return result["state"]
        events.passed(began, result, whole_pool=not hosts)
        inbox.empty_into(events)
        while not events.pass_is_due(context.current_utc_datetime):
            alarm.set(events.next_due)
            yield when_any([inbox.waiter, alarm.timer])
            inbox.empty_into(events)
        if events.is_full:
            break
    context.continue_as_new(given, save_events=True, new_version=ORCHESTRATION_VERSION)
    return None


class Inbox:
    """The rollout's one external event, with one waiter kept across turns: an abandoned one would consume an event."""

    def __init__(self, context: OrchestrationContext) -> None:
        self._context = context
        self.waiter: Task[Any] = context.wait_for_external_event(INBOX)

    def empty_into(self, events: EventBuffer) -> None:
        """Move every event that has arrived into `events`."""
        while self.waiter.is_complete:
            payload = self.waiter.get_result()
            if is_event(payload):
                events.add(payload, self._context.current_utc_datetime)
            else:
                events.ignore()
                if not self._context.is_replaying:
                    log.warning("%s: an event of another shape is ignored", self._context.instance_id)
            self.waiter = self._context.wait_for_external_event(INBOX)


class Alarm:
    """The one timer for the next pass: kept across turns, replaced only by an earlier one.

    Every timer is a message (in Azure) or a thread (in the in-memory engine) until it fires.
    """

    def __init__(self, context: OrchestrationContext) -> None:
        self._context = context
        self._at: datetime | None = None
        self.timer: Task[Any] = None  # type: ignore[assignment]

    def set(self, at: datetime) -> None:
        """Make it fire at `at` or earlier."""
        at = at.astimezone(UTC).replace(tzinfo=None)
        if self._at is not None and not self.timer.is_complete and self._at <= at:
            return
        self._at = at
        self.timer = self._context.create_timer(max(at, self._context.current_utc_datetime))
