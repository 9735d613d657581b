"""The durable engine, as the use cases need it. `shared.workflow.durable_engine` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.models.tasks import TaskKind


class Engine(Protocol):
    """The durable engine, as far as rollouts and tasks need it."""

    def start_rollout(self, rollout_id: str, run: int) -> None:
        """Start driving a rollout; starting what runs already is fine."""

    def start_host(self, rollout_id: str, host: str, run: int) -> None:
        """Start driving one host; starting what runs already is fine."""

    def rollout_alive(self, rollout_id: str, run: int) -> bool:
        """Whether an instance drives this rollout."""

    def host_alive(self, rollout_id: str, host: str, run: int) -> bool:
        """Whether an instance drives this host."""

    def signal_rollout(
        self, rollout_id: str, run: int, reason: str, *, logged_off: Sequence[str] = (), deferrable: bool = False
    ) -> None:
        """Ask for a pass now: over the `logged_off` hosts if any are named, else over the whole pool.

        A `deferrable` request may wait until enough of them justify a pass. A rollout without an instance is ignored:
        the resume timer finds it.
        """

    def start_task(self, task_id: str, kind: TaskKind, run: int) -> None:
        """Start driving a task on an image; starting what runs already is fine."""

    def task_alive(self, task_id: str, run: int) -> bool:
        """Whether an instance drives this task."""
