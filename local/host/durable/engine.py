"""Microsoft's in-memory Durable Task backend, corrected where it differs from the backends in Azure.

* A sub-orchestration may take any time. The original stops notifying the parent after 30 seconds.
* After continue-as-new, timers and activities of the previous execution are ignored, because their numbers would
  refer to other tasks.
* A sub-orchestration knows its parent's id.
* The instance id of an ended orchestration may be reused, as in the Functions host.
* Calls on an instance that is unknown, ended or not in the right state are refused as in Azure. In the original some
  break the instance.
* An instance with a start time starts at that time.
* The failure of a sub-orchestration keeps the type of its error.
* All pending timers share one thread. The original uses one thread each.
* An instance that is started without a version gets the default one.
* A busy instance does not block other instances in the queue.
* The history of an ended instance is kept compressed, and the instance is forgotten after some time, which in Azure is
  the task of a purge.
"""

from collections.abc import Iterator
from concurrent import futures
from datetime import UTC, datetime, timedelta
from typing import override

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.internal import helpers
from durabletask.internal.orchestrator_service_pb2_grpc import add_TaskHubSidecarServiceServicer_to_server
from durabletask.testing.in_memory_backend import OrchestrationInstance

from local.host.durable import events, refusals
from local.host.durable.alarms import Alarms
from local.host.durable.archive import Archive
from local.host.durable.entity_rules import EntityRules
from local.host.durable.waits import Waits

KEEP_ENDED = timedelta(days=1)
MAX_MESSAGE_BYTES = 128 << 20
# The bridge fails an instance at a much lower limit. The engine's own limit would leave the instance stuck.
_NO_LIMIT = 1 << 30
# A client that waits for an instance holds a thread meanwhile. Threads are started only as they are needed.
_CLIENT_THREADS = 10_000
ENDED = (
    pb.ORCHESTRATION_STATUS_COMPLETED,
    pb.ORCHESTRATION_STATUS_FAILED,
    pb.ORCHESTRATION_STATUS_TERMINATED,
)


class Engine(EntityRules, Waits):
    """The backend of this host. ``port`` is set by ``start``."""

    def __init__(self, keep_ended: timedelta = KEEP_ENDED, default_version: str = "") -> None:
        super().__init__(max_history_size=_NO_LIMIT)
        self._default_version = default_version
        self.port = 0
        self._alarms = Alarms()
        self._archive = Archive(keep_ended)
        self._first_token: dict[str, int] = {}
        self._parents: dict[str, list[tuple[str, int, int]]] = {}
        self._wake_after_turn: set[str] = set()
        self._scheduled: set[str] = set()

    @override
    def start(self) -> str:
        """Listen for durable clients on a free local port."""
        limits = [(f"grpc.max_{way}_message_length", MAX_MESSAGE_BYTES) for way in ("send", "receive")]
        self._server = grpc.server(futures.ThreadPoolExecutor(_CLIENT_THREADS), options=limits)
        add_TaskHubSidecarServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return f"127.0.0.1:{self.port}"

    @override
    def StartInstance(
        self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstanceResponse:
        """Start an instance. An ended instance with the same id is replaced."""
        events.fill_in(request, ENDED, self._default_version)
        start_at = request.scheduledStartTimestamp.ToDatetime(tzinfo=UTC)
        with self._lock:
            response = super().StartInstance(request, context)
            self._begin_execution(response.instanceId)
            if start_at > datetime.now(UTC):
                self._start_at(start_at, response.instanceId)
        return response

    def _start_at(self, start_at: datetime, instance_id: str) -> None:
        """Keep a new instance out of the queue until its time."""
        token = self._instances[instance_id].completion_token
        self._orchestration_queue.remove(instance_id)
        self._orchestration_queue_set.discard(instance_id)
        self._scheduled.add(instance_id)

        def start() -> None:
            with self._lock:
                if self._is_current(instance_id, token):
                    self._start_now(instance_id)

        self._alarms.at(start_at, start)

    def _start_now(self, instance_id: str) -> None:
        if instance_id in self._scheduled:
            self._scheduled.discard(instance_id)
            self._enqueue_orchestration(instance_id)

    @override
    def CompleteOrchestratorTask(
        self, request: pb.OrchestratorResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Store the result of one orchestrator turn."""
        with self._lock:
            response = super().CompleteOrchestratorTask(request, context)
            if (instance := self._instances.get(request.instanceId)) is not None:
                events.stamp(instance.history)
            if instance is not None and self._is_terminal_status(instance.status):
                self._archive_ended(instance)
            elif instance is not None and instance.status == pb.ORCHESTRATION_STATUS_PENDING:
                self._begin_execution(request.instanceId)
                self._set_parent(request.instanceId)
                instance.status = pb.ORCHESTRATION_STATUS_RUNNING
            if request.instanceId in self._wake_after_turn:
                self._enqueue_orchestration(request.instanceId)
        return response

    @override
    def CompleteActivityTask(
        self, request: pb.ActivityResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Store the result of an activity, unless the execution that started it has ended."""
        with self._lock:
            if self._is_current(request.instanceId, int(request.completionToken)):
                return super().CompleteActivityTask(request, context)
        return pb.CompleteTaskResponse()

    @override
    def RaiseEvent(self, request: pb.RaiseEventRequest, context: grpc.ServicerContext) -> pb.RaiseEventResponse:
        """Deliver an event. Refused for an unknown or ended instance."""
        with self._lock:
            instance = refusals.known(self._instances, request.instanceId, context)
            if self._is_terminal_status(instance.status):
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, refusals.NOT_RUNNING)
            return super().RaiseEvent(request, context)

    @override
    def TerminateInstance(self, request: pb.TerminateRequest, context: grpc.ServicerContext) -> pb.TerminateResponse:
        """Terminate an instance. Refused for an unknown or ended one."""
        with self._lock:
            instance = refusals.known(self._instances, request.instanceId, context)
            if self._is_terminal_status(instance.status):
                refusals.abort(instance, "terminate", context)
            response = super().TerminateInstance(request, context)
            self._start_now(request.instanceId)
        return response

    @override
    def SuspendInstance(self, request: pb.SuspendRequest, context: grpc.ServicerContext) -> pb.SuspendResponse:
        """Suspend an instance. Refused for an unknown, ended or suspended one."""
        with self._lock:
            instance = refusals.known(self._instances, request.instanceId, context)
            if self._is_terminal_status(instance.status) or events.is_suspended(instance):
                refusals.abort(instance, "suspend", context)
            return super().SuspendInstance(request, context)

    @override
    def ResumeInstance(self, request: pb.ResumeRequest, context: grpc.ServicerContext) -> pb.ResumeResponse:
        """Resume a suspended instance. Refused for any other: the event would cause an error in its worker."""
        with self._lock:
            instance = refusals.known(self._instances, request.instanceId, context)
            if not events.is_suspended(instance):
                refusals.abort(instance, "resume", context)
            return super().ResumeInstance(request, context)

    @override
    def PurgeInstances(
        self, request: pb.PurgeInstancesRequest, context: grpc.ServicerContext
    ) -> pb.PurgeInstancesResponse:
        """Delete ended instances. Refused without a first moment, as earlier durable extensions do."""
        refusals.purge_needs_a_start(request, context)
        with self._lock:
            response = super().PurgeInstances(request, context)
            for instance_id in self._first_token.keys() - self._instances.keys():
                del self._first_token[instance_id]
                self._archive.remove(instance_id)
        return response

    @override
    def _create_instance_internal(
        self, instance_id: str, name: str, encoded_input: str | None = None, version: str | None = None
    ) -> None:
        super()._create_instance_internal(instance_id, name, encoded_input, version or self._default_version or None)
        self._begin_execution(instance_id)

    def _begin_execution(self, instance_id: str) -> None:
        """Remember the first completion token of an execution. Older tokens belong to earlier executions."""
        self._first_token[instance_id] = self._instances[instance_id].completion_token
        self._archive.remove(instance_id)

    @override
    def _prepare_rewind(self, instance: OrchestrationInstance, reason: str | None = None) -> None:
        if not instance.history:
            instance.history = self._archive.history(instance.instance_id)
        self._archive.remove(instance.instance_id)
        super()._prepare_rewind(instance, reason)

    def _is_current(self, instance_id: str, token: int) -> bool:
        """Whether ``token`` belongs to the execution that is running now."""
        instance = self._instances.get(instance_id)
        return (
            instance is not None
            and not self._is_terminal_status(instance.status)
            and token >= self._first_token.get(instance_id, 0)
        )

    @override
    def _enqueue_orchestration(self, instance_id: str) -> None:
        if instance_id in self._scheduled:
            return
        if instance_id in self._orchestration_in_flight:
            self._wake_after_turn.add(instance_id)
            return
        self._wake_after_turn.discard(instance_id)
        super()._enqueue_orchestration(instance_id)

    @override
    def _process_create_timer_action(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        fire_at = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
        instance.history.append(helpers.new_timer_created_event(action.id, fire_at))
        event = helpers.new_timer_fired_event(action.id, fire_at)
        instance_id, token = instance.instance_id, instance.completion_token
        self._alarms.at(fire_at, lambda: self._deliver(instance_id, token, event))

    @override
    def _schedule_delayed_entity_operation(self, entity_id: str, event: pb.HistoryEvent, fire_at: datetime) -> None:
        def signal() -> None:
            with self._lock:
                self._queue_entity_operation(entity_id, event)

        self._alarms.at(fire_at, signal)

    def _deliver(self, instance_id: str, token: int, event: pb.HistoryEvent) -> None:
        """Deliver an event to the execution that waits for it, if it is still running."""
        with self._lock:
            if self._is_current(instance_id, token):
                instance = self._instances[instance_id]
                instance.pending_events.append(event)
                instance.last_updated_at = datetime.now(UTC)
                self._enqueue_orchestration(instance_id)

    @override
    def _watch_sub_orchestration(self, parent_instance_id: str, sub_instance_id: str, task_id: int) -> None:
        token = self._instances[parent_instance_id].completion_token
        self._parents.setdefault(sub_instance_id, []).append((parent_instance_id, token, task_id))
        self._set_parent(sub_instance_id)
        self._notify_waiters(sub_instance_id)

    def _set_parent(self, instance_id: str) -> None:
        """Write the id of the parent orchestration into the start event of an execution."""
        for event in self._instances[instance_id].pending_events:
            if event.HasField("executionStarted") and instance_id in self._parents:
                parent_id = self._parents[instance_id][0][0]
                event.executionStarted.parentInstance.orchestrationInstance.instanceId = parent_id

    @override
    def _notify_waiters(self, instance_id: str) -> None:
        super()._notify_waiters(instance_id)
        instance = self._instances.get(instance_id)
        if instance is None or not self._is_terminal_status(instance.status):
            return
        for parent_id, token, task_id in self._parents.pop(instance_id, []):
            if instance.status == pb.ORCHESTRATION_STATUS_COMPLETED:
                event = helpers.new_sub_orchestration_completed_event(task_id, instance.output)
            else:
                event = events.child_failed(task_id, instance)
            self._deliver(parent_id, token, event)

    @override
    def StreamInstanceHistory(
        self, request: pb.StreamInstanceHistoryRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.HistoryChunk]:
        """The history of an instance, also of an ended one."""
        with self._lock:
            archived = self._archive.history(request.instanceId)
        return iter([pb.HistoryChunk(events=archived)]) if archived else super().StreamInstanceHistory(request, context)

    def history_bytes(self) -> int:
        """The size of all compressed histories."""
        return self._archive.size()

    def _archive_ended(self, instance: OrchestrationInstance) -> None:
        first = self._archive.add(instance.instance_id, instance.history)
        instance.history = []
        if first:
            self._alarms.at(self._archive.next_expiry(), self._forget_expired)

    def _forget_expired(self) -> None:
        with self._lock:
            for instance_id in self._archive.take_expired():
                del self._instances[instance_id], self._first_token[instance_id]
            if self._archive:
                self._alarms.at(self._archive.next_expiry(), self._forget_expired)
