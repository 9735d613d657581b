"""Counts what happened in the runs of this process, to show that the runs exercise the product."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from shared.models.rollouts import RolloutKind
from tests.promises.scenario import Stage


class Tally:
    """The counts of all runs together."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._since = time.time()

    def start(self) -> None:
        """Reset the counts."""
        self.counts.clear()
        self._since = time.time()

    def add(self, stage: Stage) -> None:
        """Add the counts of a finished run."""
        counts = self.counts
        counts["runs"] += 1
        counts.update(stage.counted)
        calls = Counter(name for name, _ in stage.app.world.calls)
        for name in ("sign_out", "start_reimage", "start_delete", "start_swap", "send_message"):
            counts[name] += calls[name]
        started = False
        for rollout in stage.watch.rollouts():
            refresh = rollout.kind is RolloutKind.REFRESH
            counts["refresh" if refresh else f"{rollout.state}"] += 1
            started = started or rollout.started_at is not None
            if rollout.rolling_back:
                counts["rolling back"] += 1
        for row in stage.watch.rows():
            counts[f"host {row.state}"] += 1
        counts["runs without a started rollout"] += not started

    def text(self) -> dict[str, Any]:
        """The counts for the report of the test, with start and end, so that processes can be added up."""
        return {**self.counts, "began": self._since, "ended": time.time()}


TALLY = Tally()
