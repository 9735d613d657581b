"""That somebody suspended an orchestration in the engine, for people: it waits until they resume it. Pure."""

from __future__ import annotations

from shared.core.codes import Code
from shared.models.messages import Message, message
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.tasks import Task

_ROLLOUT = message(
    Code.SUSPENDED, "Somebody suspended this rollout in the durable engine, so nothing happens. Resume it there."
)
_TASK = message(
    Code.SUSPENDED, "Somebody suspended this task in the durable engine, so nothing happens. Resume it there."
)
_HOST = message(Code.SUSPENDED, "somebody suspended its orchestration in the durable engine; resume it there")


def of_rollout(rollout: Rollout) -> Message | None:
    """What to tell instead of the rollout's note; None when its orchestration is not suspended."""
    return _ROLLOUT if rollout.progress.suspended_since and not rollout.state.ended else None


def of_task(task: Task) -> Message | None:
    """What to tell instead of the task's note; None when its orchestration is not suspended."""
    return _TASK if task.suspended_since and not task.state.ended else None


def of_host(host: RolloutHost) -> Message | None:
    """What a host in work waits for; None when its orchestration is not suspended."""
    return _HOST if host.suspended_since and host.state.in_work else None
