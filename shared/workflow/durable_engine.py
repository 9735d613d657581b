"""The durable engine behind `ports.Engine`: the client that a durable-client binding hands to a function."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import grpc
from azure.durable_functions.client import SyncDurableFunctionsClient
from durabletask.client import OrchestrationStatus

from shared.core.names import (
    ACTIVATE_IMAGE,
    INBOX,
    PUBLISH_IMAGE,
    REIMAGE_HOST,
    SET_AS_IMAGE,
    UPDATE_MANY_POOLS,
    host_instance,
    rollout_instance,
    task_instance,
)
from shared.models.tasks import TaskKind

_log = logging.getLogger("freshcoat.engine")

_ALIVE = {
    OrchestrationStatus.PENDING,
    OrchestrationStatus.RUNNING,
    OrchestrationStatus.CONTINUED_AS_NEW,
    OrchestrationStatus.SUSPENDED,  # somebody's decision, not a loss
}

_ENDED = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
_PURGE_TIME = timedelta(minutes=1)
_BEFORE_ALL = datetime(2020, 1, 1, tzinfo=UTC)
"""Older than every orchestration. Earlier versions of the Durable extension fail without a first moment: their
`ToPurgeInstanceFilter` reads it unasked. Azure Storage takes no moment before the year 1601."""

_ORCHESTRATORS = {
    TaskKind.SET_AS_IMAGE: SET_AS_IMAGE,
    TaskKind.ACTIVATE: ACTIVATE_IMAGE,
    TaskKind.ROLL_BACK: ACTIVATE_IMAGE,
    TaskKind.UPDATE_POOLS: UPDATE_MANY_POOLS,
}
"""What drives a task, by its kind; the other kinds are done when they are written."""


class DurableEngine:
    """Starts and signals orchestrations. Fulfils `shared.ports.engine.Engine`."""

    def __init__(self, client: SyncDurableFunctionsClient) -> None:
        self._client = client

    def start_rollout(self, rollout_id: str, run: int) -> None:
        """Start driving a rollout; starting what runs already is fine."""
        self._start(PUBLISH_IMAGE, rollout_instance(rollout_id, run), {"rollout": rollout_id, "run": run})

    def start_host(self, rollout_id: str, host: str, run: int) -> None:
        """Start driving one host; starting what runs already is fine."""
        given = {"rollout": rollout_id, "host": host, "run": run}
        self._start(REIMAGE_HOST, host_instance(rollout_id, host, run), given)

    def rollout_alive(self, rollout_id: str, run: int) -> bool:
        """Whether an instance drives this rollout."""
        return self._alive(rollout_instance(rollout_id, run))

    def rollout_suspended(self, rollout_id: str, run: int) -> bool:
        """Whether somebody suspended the instance that drives this rollout."""
        return self._status(rollout_instance(rollout_id, run)) is OrchestrationStatus.SUSPENDED

    def host_alive(self, rollout_id: str, host: str, run: int) -> bool:
        """Whether an instance drives this host."""
        return self._alive(host_instance(rollout_id, host, run))

    def host_suspended(self, rollout_id: str, host: str, run: int) -> bool:
        """Whether somebody suspended the instance that drives this host."""
        return self._status(host_instance(rollout_id, host, run)) is OrchestrationStatus.SUSPENDED

    def start_task(self, task_id: str, kind: TaskKind, run: int) -> None:
        """Start driving a task on an image; starting what runs already is fine."""
        self._start(_ORCHESTRATORS[kind], task_instance(task_id, run), {"task": task_id, "run": run})

    def task_alive(self, task_id: str, run: int) -> bool:
        """Whether an instance drives this task."""
        return self._alive(task_instance(task_id, run))

    def task_suspended(self, task_id: str, run: int) -> bool:
        """Whether somebody suspended the instance that drives this task."""
        return self._status(task_instance(task_id, run)) is OrchestrationStatus.SUSPENDED

    def signal_rollout(
        self, rollout_id: str, run: int, reason: str, *, logged_off: Sequence[str] = (), deferrable: bool = False
    ) -> None:
        """Ask for a pass now. A rollout without an instance is ignored: the resume timer finds it."""
        event = {
            "reason": reason,
            **({"logged_off": list(logged_off)} if logged_off else {}),
            **({"deferrable": True} if deferrable else {}),
        }
        try:
            self._client.raise_orchestration_event(rollout_instance(rollout_id, run), INBOX, data=event)
        except grpc.RpcError as error:
            if not _says(error, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
                raise

    def forget_ended(self, before: datetime) -> int:
        """Delete the history of instances that were created before this time and have ended; return how many.

        The engine deletes one after another: when the time is over, many are gone, and the next call takes the others.
        Versions of the Durable extension that do not know the time delete all in one call.
        """
        try:
            purged = self._client.purge_orchestrations_by(
                created_time_from=_BEFORE_ALL,
                created_time_to=before,
                runtime_status=list(_ENDED),
                timeout=_PURGE_TIME,
            )
        except grpc.RpcError as error:
            if not _says(error, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
            _log.info("The histories of orchestrations are too many to delete at once; the next run goes on.")
            return 0
        return int(purged.deleted_instance_count)

    def _start(self, orchestrator: str, instance: str, given: dict[str, object]) -> None:
        try:
            self._client.schedule_new_orchestration(orchestrator, input=given, instance_id=instance)
        except grpc.RpcError as error:
            if not _says(error, grpc.StatusCode.ALREADY_EXISTS):
                raise

    def _alive(self, instance: str) -> bool:
        return self._status(instance) in _ALIVE

    def _status(self, instance: str) -> OrchestrationStatus | None:
        state = self._client.get_orchestration_state(instance, fetch_payloads=False)
        return None if state is None else state.runtime_status


def _says(error: grpc.RpcError, *codes: grpc.StatusCode) -> bool:
    return isinstance(error, grpc.Call) and error.code() in codes
