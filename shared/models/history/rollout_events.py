"""What has happened in a rollout, as the table of its history keeps it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.models.base import Record, UtcTime
from shared.models.messages import Message


class EventKind(StrEnum):
    """What has happened. In the order in which events of the same moment are listed, the oldest first."""

    CREATED = "created"
    WAITS_FOR_APPROVAL = "waits_for_approval"
    APPROVED = "approved"
    BEGUN = "begun"
    WINDOW_OPENED = "window_opened"
    CHANGED = "changed"
    """Limits, windows, warnings or hosts were changed."""
    MOVED = "moved"
    """The start or the deadline was moved."""
    STRATEGY_CHANGED = "strategy_changed"
    WARNED = "warned"
    SIGNED_OUT = "signed_out"
    HOST_DONE = "host_done"
    HOST_FAILED = "host_failed"
    HOST_SKIPPED = "host_skipped"
    """A host that was in work ended without an update, since its VM is gone."""
    FIRST_HOST_PROVED = "first_host_proved"
    CANARY_PASSED = "canary_passed"
    RAMP = "ramp"
    """The batch size grew."""
    WINDOW_CLOSED = "window_closed"
    PAUSED = "paused"
    RETRIED = "retried"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    """Somebody cancelled it, or a limit did: hosts in work still finish."""
    ROLLING_BACK = "rolling_back"
    ENDED = "ended"


class RolloutEvent(Record):
    """One event of a rollout. Partition: the rollout. Rows: newest first.

    The id follows from what happened, so that a repeated step writes the same row.
    """

    rollout: str
    id: str
    at: UtcTime
    kind: str
    """An `EventKind`. Text, since a newer deployment may have written a kind that is unknown here."""
    host: str = ""
    who: str = ""
    """Who did it; empty for what the app did by itself."""
    text: Message
    data: dict[str, Any] = Field(default_factory=dict)
    """The facts, for programs."""
