"""Starts orchestrations whose row is written. A start that fails is left to the resume timer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from shared.models.rollouts import Rollout
from shared.models.tasks import Task
from shared.ports.engine import Engine

_log = logging.getLogger(__name__)


def start_rollout(engine: Engine, rollout: Rollout) -> None:
    """Start the orchestration of a rollout whose row is written."""
    start_or_leave_to_recovery(lambda: engine.start_rollout(rollout.id, rollout.engine_run), f"Rollout {rollout.id}")


def start_task(engine: Engine, task: Task) -> None:
    """Start the orchestration of a task whose row is written."""
    start_or_leave_to_recovery(lambda: engine.start_task(task.id, task.kind, task.engine_run), f"Task {task.id}")


def start_or_leave_to_recovery(start: Callable[[], None], what: str) -> None:
    """Call `start`. Raises nothing: the row is written, so the resume timer finds `what` and starts it."""
    try:
        start()
    except Exception:  # noqa: BLE001 - whatever the engine raises, the request has succeeded
        _log.warning("%s is written but not started; the resume timer will start it.", what, exc_info=True)
