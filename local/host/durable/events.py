"""Helpers for the history events of the in-memory engine."""

from datetime import UTC, datetime

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.internal import helpers
from durabletask.testing.in_memory_backend import OrchestrationInstance


def is_suspended(instance: OrchestrationInstance) -> bool:
    """Whether the instance is suspended, or has a pending event that suspends it."""
    for event in reversed([*instance.dispatched_events, *instance.pending_events]):
        if event.HasField("executionSuspended") or event.HasField("executionResumed"):
            return bool(event.HasField("executionSuspended"))
    return instance.status == pb.ORCHESTRATION_STATUS_SUSPENDED


def fill_in(request: pb.CreateInstanceRequest, replaceable: tuple[pb.OrchestrationStatus, ...], version: str) -> None:
    """Give a request to start an instance what it leaves open: which instances it may replace, and its version."""
    if not request.orchestrationIdReusePolicy.replaceableStatus:
        request.orchestrationIdReusePolicy.replaceableStatus.extend(replaceable)
    if version and not request.HasField("version"):
        request.version.value = version


def stamp(history: list[pb.HistoryEvent]) -> None:
    """Set the timestamp of the last turn's events, which the original leaves empty for most of them."""
    now = helpers.new_timestamp(datetime.now(UTC))
    for event in reversed(history):
        if event.HasField("orchestratorStarted"):
            return
        if not event.timestamp.seconds:
            event.timestamp.CopyFrom(now)


def child_failed(task_id: int, child: OrchestrationInstance) -> pb.HistoryEvent:
    """The event for the parent of a sub-orchestration that failed or was terminated."""
    event = helpers.new_sub_orchestration_failed_event(task_id, Exception("Sub-orchestration failed"))
    if child.failure_details is not None:
        event.subOrchestrationInstanceFailed.failureDetails.CopyFrom(child.failure_details)
    return event
