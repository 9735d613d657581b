"""Writes the history of a rollout. An event that cannot be written is logged, and holds nothing up."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from shared.core.errors import AlreadyExists, FreshcoatError
from shared.history.host_events import end_of_host
from shared.history.rollout_events import rollout_events
from shared.models.history.rollout_events import RolloutEvent
from shared.models.rollouts import Rollout
from shared.services import Services

_log = logging.getLogger("freshcoat.history")


def write_events(services: Services, found: Iterable[RolloutEvent | None]) -> None:
    """Write the events of one rollout, 100 to a transaction. What is written already stays as it is."""
    events = list({one.id: one for one in found if one is not None}.values())
    if not events:
        return
    try:
        if len(events) > 1:
            services.events.write_many(events)
        else:
            services.events.add(events[0])
    except AlreadyExists:
        if len(events) > 1:
            _write_each(services, events)
    except FreshcoatError as error:
        _not_written(events, error)


def _write_each(services: Services, events: list[RolloutEvent]) -> None:
    for one in events:
        try:
            services.events.add(one)
        except AlreadyExists:
            continue
        except FreshcoatError as error:
            _not_written([one], error)


def _not_written(events: list[RolloutEvent], error: FreshcoatError) -> None:
    text = ", ".join(f"{one.kind} {one.host}".strip() for one in events)
    _log.warning("rollout %s: not in its history: %s: %s", events[0].rollout, text, error)


def rollout_changed(
    services: Services, before: Rollout | None, after: Rollout, who: str = "", reason: str = ""
) -> None:
    """Write what has happened between two writes of a rollout's row. The same object: nothing."""
    write_events(services, rollout_events(before, after, services.now(), who, reason))


def complete_history(services: Services, rollout: Rollout) -> None:
    """Write what the rows of an ended rollout say and its history lacks: who was to write it may have died before."""
    try:
        there = {one.id for one in services.events.each(rollout.id)}
        rows = services.hosts.all(rollout.id)
    except FreshcoatError as error:
        _log.warning("rollout %s: its history could not be completed: %s", rollout.id, error)
        return
    told = [*rollout_events(None, rollout, rollout.created_at), *(end_of_host(rollout, row) for row in rows)]
    write_events(services, (one for one in told if one is not None and one.id not in there))
