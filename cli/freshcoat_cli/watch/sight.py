"""What is known of the work that is followed, and how it is to look. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

Json = dict[str, Any]
"""A JSON object of the API."""


@dataclass(frozen=True)
class Sight:
    """The last answers of the API about a rollout or a task."""

    view: Json
    """The whole rollout, or the whole task."""
    read_at: datetime
    """When the app last answered."""
    hosts: tuple[Json, ...] = ()
    """Of a rollout: the hosts that are worth a line, failed ones first; or, for programs, those that have changed."""
    events: tuple[Json, ...] = ()
    """Of a rollout: what has happened lately, the oldest first."""
    problem: str = ""
    """Why the last attempt to read had no answer. Empty: it had one."""

    @property
    def is_rollout(self) -> bool:
        """Whether it is a rollout; otherwise it is a task."""
        return "counts" in self.view


@dataclass(frozen=True)
class Look:
    """How the work is shown."""

    zone: tzinfo | None
    """Moments are shown in it. None: that of this machine."""
    width: int = 80
    """Columns of the terminal."""
    height: int = 24
    """Lines that may be used."""
    ascii: bool = False
    """Whether only ASCII signs can be shown."""


@dataclass
class Known:
    """What has been seen so far, so that only news are told."""

    events: set[str] = field(default_factory=set)
    """Ids of events."""
    mark: str = ""
    """The state of the hosts that was read last."""
    since: str = ""
    """From when on events are asked for."""
