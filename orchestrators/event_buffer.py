"""When a rollout is to be looked at next, by what its looks and its news say. Pure; moments are UTC without a zone, as
the engine gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST = 500
"""News in one generation: each that comes has the history replayed, which costs time in proportion to its length."""


class News:
    """What has been heard since the last look. The first one is due at once."""

    def __init__(self, now: datetime) -> None:
        self.due = now
        """When the whole pool is to be looked at."""
        self._looked = now
        self._gap = self._calm = timedelta(0)
        self._enough = self._calm_ones = self._heard = 0
        self._left: set[str] = set()

    def take(self, news: Mapping[str, Any], now: datetime) -> None:
        """Hear of hosts that somebody has `left`, or of something that wants a look at the whole pool: soon, or when it
        pays (`calm`), so that a hundred hosts that finish together cost one."""
        calm = bool(news.get("calm"))
        self._calm_ones += calm
        self._heard += self._enough > 0
        if news.get("left"):
            self._left.update(news["left"])
        else:
            self._bring_forward(max(now, self._looked + (self._calm if calm and not self._are_enough else self._gap)))

    @property
    def _are_enough(self) -> bool:
        """Whether so many of those that can wait have come that a look pays."""
        return 0 < self._enough <= self._calm_ones

    def looked(self, began: datetime, answer: Mapping[str, Any], *, glanced: bool) -> None:
        """Note a look's answer: when to look again at the latest, and how long to let news gather (seconds)."""
        said = answer["next_look"]
        at = datetime.fromisoformat(said).astimezone(UTC).replace(tzinfo=None) if said else None
        if not glanced:
            self._looked, self._gap = began, timedelta(seconds=answer["gap"])
            # A look of an earlier version says nothing of calm or enough; its rollout may be replayed by this one.
            # Where both versions run for a while, it may fail by that, and the resume timer takes it up.
            self._calm = max(self._gap, timedelta(seconds=answer.get("calm", 0.0)))
            self._enough, self._calm_ones = answer.get("enough", 0), 0
            self.due = max(at or began, began + self._gap)
        elif answer["whole"]:
            self._bring_forward(self._looked + self._gap)
        elif at:
            self._bring_forward(max(at, self._looked + self._gap))

    @property
    def are_many(self) -> bool:
        """Whether so much was heard that the rollout had better go on in a new generation."""
        return self._heard >= LONGEST

    def calls_for_a_look(self, now: datetime) -> bool:
        """Whether there is something to look at now."""
        return bool(self._left) or self.due <= now

    def hosts_left(self, now: datetime) -> list[str]:
        """The hosts to glance at now; none when the whole pool's turn has come, which they are part of."""
        left = sorted(self._left) if self.due > now else []
        self._left.clear()
        return left

    def _bring_forward(self, at: datetime) -> None:
        self.due = min(self.due, at)
