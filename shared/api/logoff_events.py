"""Logoff events: the request, and the hints it contains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, ValidationError

from shared.api.common import Moment
from shared.core.arm_ids import last
from shared.core.time_zones import parse_moment
from shared.models.base import Value

FRESH = timedelta(minutes=10)
"""Maximum age of a hint, and how far ahead a host's clock may be."""

MOST_HINTS = 50
"""Maximum number of hints read from one alert."""

_HOST_DIMENSIONS = frozenset({"sessionhostname", "computer", "host", "hostname"})
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Hint:
    """A user may have signed out of this host (lower case). `mark` identifies a repeated hint."""

    host: str
    at: datetime
    mark: str


def hints_in(body: Mapping[str, Any], now: datetime) -> list[Hint]:
    """The hints in a request's body, except those older than FRESH or from the future."""
    found = _of_alert(body) if body.get("schemaId") == "azureMonitorCommonAlertSchema" else _of_event(body)
    fresh = [hint for hint in found if now - FRESH <= hint.at <= now + FRESH]
    return fresh[:MOST_HINTS]


def _of_event(body: Mapping[str, Any]) -> Iterator[Hint]:
    given = {"vm_id": body.get("vmId"), "session_id": body.get("sessionId")} | dict(body)
    try:
        event = LogoffEvent.model_validate(given)
        yield _hint(event.host, event.utc, str(event.session_id or ""))
    except (ValidationError, ValueError):
        return


def _of_alert(body: Mapping[str, Any]) -> Iterator[Hint]:
    data = _object(body.get("data"))
    essentials = _object(data.get("essentials"))
    if essentials.get("monitorCondition") != "Fired":
        return
    condition = _object(_object(data.get("alertContext")).get("condition"))
    for criterion in _objects(condition.get("allOf")):
        for dimension in _objects(criterion.get("dimensions")):
            name, value = dimension.get("name"), dimension.get("value")
            if not (isinstance(name, str) and isinstance(value, str) and name.lower() in _HOST_DIMENSIONS):
                continue
            try:
                yield _hint(value, str(essentials.get("firedDateTime")), str(essentials.get("alertId", "")))
            except ValueError:
                continue


def _hint(host: str, at: str, mark: str) -> Hint:
    moment = parse_moment(at, _UTC)
    name = last(host).strip().lower()
    return Hint(name, moment, f"{name} {moment.isoformat()} {mark[:200]}")


def _object(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _objects(given: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in given if isinstance(item, Mapping)) if isinstance(given, list) else ()


class EventKeyRequest(Value):
    """Show the key with which the hosts of a pool sign log-off events.

    `rotate`: make a new one. The key before it counts until the next rotation.
    """

    rotate: bool = False


class EventKeyView(Value):
    """The key with which the hosts of a pool sign log-off events. It is derived, and kept nowhere."""

    pool: str
    generation: int
    """Grows with each rotation."""
    key: str


class LogoffEvent(Value):
    """A session ended on a host. It triggers a reconcile pass. Other fields are ignored.

    Azure Monitor's common alert schema is accepted too, with the host as a dimension.
    """

    model_config = Value.model_config | {"extra": "ignore"}

    host: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    vm_id: Annotated[str, Field(max_length=1_000)] | None = None
    session_id: int | str | None = None
    utc: Moment
