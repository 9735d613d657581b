"""Passes the engine's work items to the app's functions, and their answers back to the engine."""

import asyncio
import base64
import contextlib
import logging
import threading
from collections.abc import Coroutine, Iterable

import durabletask.internal.orchestrator_service_pb2 as pb
from azure_functions_runtime.bindings.datumdef import Datum
from durabletask.entities import EntityInstanceId
from durabletask.internal import helpers

from local.host.durable.engine import Engine
from local.host.durable.in_process import IN_PROCESS
from local.host.function import Function
from local.host.invoke import FunctionFailed, Invoker, datum
from local.host.worker_process import WorkerLost

MAX_HISTORY = 50_000
_log = logging.getLogger(__name__)


class DurableBridge:
    """Runs orchestrator, activity and entity functions for one engine, concurrently up to the given limits."""

    def __init__(
        self,
        functions: Iterable[Function],
        invoker: Invoker,
        engine: Engine,
        max_activities: int = 100,
        max_orchestrators: int = 100,
    ) -> None:
        self._by_name = {(function.kind, function.durable_name.lower()): function for function in functions}
        self._invoker = invoker
        self._engine = engine
        self._activity_slots = asyncio.Semaphore(max_activities)
        self._orchestrator_slots = asyncio.Semaphore(max_orchestrators)
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start to process work items on the running event loop."""
        loop = asyncio.get_running_loop()

        def pump() -> None:
            for item in self._engine.GetWorkItems(pb.GetWorkItemsRequest(), IN_PROCESS):
                if loop.is_closed():
                    return
                loop.call_soon_threadsafe(self._dispatch, item)

        threading.Thread(target=pump, name="engine-pump", daemon=True).start()

    def _dispatch(self, item: pb.WorkItem) -> None:
        task = asyncio.ensure_future(self._work(item))
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a durable work item could not be completed", exc_info=task.exception())

    async def _work(self, item: pb.WorkItem) -> None:
        work: Coroutine[None, None, None]
        if item.HasField("orchestratorRequest"):
            slots, work = self._orchestrator_slots, self._orchestrate(item)
        elif item.HasField("activityRequest"):
            slots, work = self._activity_slots, self._act(item)
        else:
            slots, work = self._orchestrator_slots, self._operate(item)
        async with slots:
            await work

    async def _orchestrate(self, item: pb.WorkItem) -> None:
        request = item.orchestratorRequest
        try:
            response = await self._orchestrator_turn(request)
        except FunctionFailed as failure:
            response = _failed_orchestration(request.instanceId, failure)
        response.completionToken = item.completionToken
        self._engine.CompleteOrchestratorTask(response, IN_PROCESS)

    async def _orchestrator_turn(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        if len(request.pastEvents) > MAX_HISTORY:
            raise FunctionFailed("HistoryTooLong", f"more than {MAX_HISTORY} events; continue as new", "")
        events = [*request.pastEvents, *request.newEvents]
        name = next((e.executionStarted.name for e in events if e.HasField("executionStarted")), "")
        answer = await self._run("orchestrationTrigger", name, _packed(request))
        response = pb.OrchestratorResponse()
        response.ParseFromString(base64.b64decode(answer or ""))
        return response

    async def _act(self, item: pb.WorkItem) -> None:
        request = item.activityRequest
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=item.completionToken,
        )
        given = datum(request.input.value if request.HasField("input") else "null", "json")
        try:
            answer = await self._run("activityTrigger", request.name, given)
            if answer is not None:
                response.result.value = answer
        except FunctionFailed as failure:
            response.failureDetails.CopyFrom(_details(failure))
        self._engine.CompleteActivityTask(response, IN_PROCESS)

    async def _operate(self, item: pb.WorkItem) -> None:
        batch, infos = helpers.convert_to_entity_batch_request(item.entityRequestV2)
        try:
            name = EntityInstanceId.parse(batch.instanceId).entity
            answer = await self._run("entityTrigger", name, _packed(batch))
            result = pb.EntityBatchResult.FromString(base64.b64decode(answer or ""))
        except FunctionFailed as failure:
            failed = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=_details(failure)))
            result = pb.EntityBatchResult(entityState=batch.entityState, results=[failed] * len(infos))
        result.completionToken = item.completionToken
        del result.operationInfos[:]
        result.operationInfos.extend(infos)
        self._engine.CompleteEntityTask(result, IN_PROCESS)

    async def _run(self, kind: str, name: str, given: Datum) -> str | None:
        function = self._by_name.get((kind, name.lower()))
        if function is None:
            message = f"The function '{name}' doesn't exist, is disabled, or has no {kind}"
            raise FunctionFailed("FunctionNotFound", message, "")
        answer = await self._until_done(function, given)
        return None if answer is None or answer.value is None else str(answer.value)

    async def _until_done(self, function: Function, given: Datum) -> Datum | None:
        """Run a function; again, like in Azure, when its worker process ended meanwhile."""
        while True:
            await self._invoker.workers.recovered(function)
            with contextlib.suppress(WorkerLost):
                return await self._invoker.run(function, given)


def _packed(message: pb.OrchestratorRequest | pb.EntityBatchRequest) -> Datum:
    return datum(base64.b64encode(message.SerializeToString()).decode(), "string")


def _details(failure: FunctionFailed) -> pb.TaskFailureDetails:
    # The engine treats a failure without a message as a success.
    details = pb.TaskFailureDetails(errorType=failure.error_type, errorMessage=failure.message or failure.error_type)
    details.stackTrace.value = failure.stack_trace
    return details


def _failed_orchestration(instance_id: str, failure: FunctionFailed) -> pb.OrchestratorResponse:
    end = pb.CompleteOrchestrationAction(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=_details(failure)
    )
    return pb.OrchestratorResponse(
        instanceId=instance_id, actions=[pb.OrchestratorAction(id=-1, completeOrchestration=end)]
    )
