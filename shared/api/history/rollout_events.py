"""What has happened in a rollout: query and answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from shared.api.common import HostName, PageQuery
from shared.models.base import UtcTime, Value
from shared.models.history.rollout_events import EventKind
from shared.models.messages import Message


class RolloutEventsQuery(PageQuery):
    """A page of a rollout's history, of what all given filters accept."""

    since: AwareDatetime | None = None
    """Only events of this moment and later; with an offset or `Z`."""
    order: Literal["asc", "desc"] = "desc"
    """`desc`: newest first."""
    kind: EventKind | None = None
    host: HostName | None = None


class RolloutEventView(Value):
    """One event of a rollout."""

    id: str
    """The same event always has the same id."""
    at: UtcTime
    kind: str = Field(json_schema_extra={"examples": [kind.value for kind in EventKind]})
    """What has happened. Any text: a newer deployment may have stored a kind that is unknown here."""
    host: str | None
    """The host that it is about; null for what is about the whole rollout."""
    who: str | None
    """Who did it; null for what the app did by itself."""
    text: Message
    data: dict[str, Any]
    """The facts, for programs: numbers, names, values before and after."""
