"""Counts what the runs of this process have gone through: a run in which nothing happens is no run."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from shared.models.rollouts import RolloutKind
from tests.promises.scenario import Stage


class Tally:
    """What has happened in all runs together."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._since = time.time()

    def start(self) -> None:
        """From now on."""
        self.counts.clear()
        self._since = time.time()

    def add(self, stage: Stage) -> None:
        """One run that has come to its end."""
        counts = self.counts
        counts["runs"] += 1
        counts.update(stage.counted)
        calls = Counter(name for name, _ in stage.app.world.calls)
        for name in ("sign_out", "start_reimage", "start_delete", "start_swap", "send_message"):
            counts[name] += calls[name]
        begun = False
        for rollout in stage.watch.rollouts():
            refresh = rollout.kind is RolloutKind.REFRESH
            counts["refresh" if refresh else f"{rollout.state}"] += 1
            begun = begun or rollout.started_at is not None
            if rollout.rolling_back:
                counts["went back"] += 1
        for row in stage.watch.rows():
            counts[f"host {row.state}"] += 1
        counts["idle runs"] += not begun

    def text(self) -> dict[str, Any]:
        """For the report of the test, across processes."""
        return {**self.counts, "began": self._since, "ended": time.time()}


TALLY = Tally()
