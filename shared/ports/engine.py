"""The durable engine, as the use cases need it. `shared.workflow.durable_engine` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.models.tasks import TaskKind


class Engine(Protocol):
    """The durable engine, as far as rollouts and tasks need it."""

    def start_rollout(self, rollout_id: str, run: int) -> None:
        """Start the orchestration of a rollout. Does nothing when it runs already."""

    def start_host(self, rollout_id: str, host: str, run: int) -> None:
        """Start the orchestration of a host. Does nothing when it runs already."""

    def rollout_alive(self, rollout_id: str, run: int) -> bool:
        """Whether the rollout's orchestration runs."""

    def rollout_suspended(self, rollout_id: str, run: int) -> bool:
        """Whether somebody suspended the rollout's orchestration: it is alive, but makes no pass."""

    def host_alive(self, rollout_id: str, host: str, run: int) -> bool:
        """Whether the host's orchestration runs."""

    def host_suspended(self, rollout_id: str, host: str, run: int) -> bool:
        """Whether somebody suspended the host's orchestration: it is alive, but makes no step."""

    def signal_rollout(
        self, rollout_id: str, run: int, reason: str, *, logged_off: Sequence[str] = (), deferrable: bool = False
    ) -> None:
        """Ask for a pass now: over the `logged_off` hosts if any are named, else over the whole pool.

        A `deferrable` request may wait until enough of them justify a pass. A rollout without an instance is ignored:
        the resume timer finds it.
        """

    def start_task(self, task_id: str, kind: TaskKind, run: int) -> None:
        """Start the orchestration of a task. Does nothing when it runs already."""

    def task_alive(self, task_id: str, run: int) -> bool:
        """Whether the task's orchestration runs."""

    def task_suspended(self, task_id: str, run: int) -> bool:
        """Whether somebody suspended the task's orchestration: it is alive, but makes no step."""

    def forget_ended(self, before: datetime) -> int:
        """Delete the history of orchestrations that were created before this time and have ended; return how many."""
