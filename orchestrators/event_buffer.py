"""When a rollout's next reconcile pass is due, from the last pass and the events since. Pure.

Moments are UTC without a zone, as the engine gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

MAX_EVENTS = 500
"""Events handled before continue-as-new. Each event replays the history, so the cost grows with their number."""


MOST_HOSTS = 2_000
"""Maximum number of hosts in one event."""


def is_event(payload: object) -> bool:
    """Whether somebody raised an event of our shape: anybody with the engine's key can raise others."""
    if not isinstance(payload, Mapping):
        return False
    hosts = payload.get("logged_off", [])
    named = isinstance(hosts, list) and len(hosts) <= MOST_HOSTS and all(isinstance(host, str) for host in hosts)
    return named and isinstance(payload.get("deferrable", False), bool)


class EventBuffer:
    """The events since the last pass. The first pass is due at once."""

    def __init__(self, now: datetime) -> None:
        self.due = now
        """When a pass over the whole pool is due."""
        self._last_pass = self._last_look = now
        self._gap = self._deferral = timedelta(0)
        self._flush_after = self._deferred = self._handled = 0
        self._logged_off: set[str] = set()

    def ignore(self) -> None:
        """Count an event that is not ours: it makes the history longer too."""
        self._handled += self._flush_after > 0

    def add(self, event: Mapping[str, Any], now: datetime) -> None:
        """Add an event: either hosts that a user signed out of, or a request for a whole pass.

        Deferrable requests are batched, so that a hundred hosts that finish together cost one pass.
        """
        deferrable = bool(event.get("deferrable"))
        self._deferred += deferrable
        self._handled += self._flush_after > 0
        if event.get("logged_off"):
            self._logged_off.update(event["logged_off"])
            return
        wait = self._deferral if deferrable and not self._must_flush else self._gap
        self._bring_forward(max(now, self._last_pass + wait))

    @property
    def _must_flush(self) -> bool:
        """Whether enough deferrable events have arrived to justify a pass."""
        return 0 < self._flush_after <= self._deferred

    def passed(self, began: datetime, result: Mapping[str, Any], *, whole_pool: bool) -> None:
        """Take over a pass's result: when the next pass is due at the latest, and how long events may wait."""
        said = result["next_pass_at"]
        at = datetime.fromisoformat(said).astimezone(UTC).replace(tzinfo=None) if said else None
        self._last_look = began
        if whole_pool:
            self._last_pass, self._gap = began, timedelta(seconds=result["gap"])
            self._deferral = max(self._gap, timedelta(seconds=result["deferral"]))
            self._flush_after, self._deferred = result["flush_after"], 0
            self.due = max(at or began, began + self._gap)
        elif result["whole_pool_needed"]:
            self._bring_forward(self._last_look + self._gap)
        elif at:
            self._bring_forward(max(at, self._last_pass + self._gap))

    @property
    def is_full(self) -> bool:
        """Whether so many events were handled that the rollout should continue as new."""
        return self._handled >= MAX_EVENTS

    @property
    def next_due(self) -> datetime:
        """When the next pass is due, over the whole pool or over the logged-off hosts.

        A fast pass begins a gap after any other pass, so that a flood of log-off events costs one look in a gap.
        """
        return min(self.due, self._last_look + self._gap) if self._logged_off else self.due

    def pass_is_due(self, now: datetime) -> bool:
        """Whether a pass is due now, over the whole pool or over the logged-off hosts."""
        return self.next_due <= now

    def take_logged_off(self, now: datetime) -> list[str]:
        """The hosts for a fast pass; none when a pass over the whole pool is due, since it covers them."""
        hosts = sorted(self._logged_off) if self.due > now else []
        self._logged_off.clear()
        return hosts

    def _bring_forward(self, at: datetime) -> None:
        self.due = min(self.due, at)
