"""The durable extension's HTTP API under ``/runtime/webhooks/durabletask``.

Paths, status codes and JSON match those of the real extension, so that the links in a check-status response work.
The parameters ``code``, ``taskHub`` and ``connection`` are ignored.
"""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from azure.durable_functions.internal.compat.history_projection import project_history
from durabletask.internal import helpers, history_helpers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.durable import entities, payloads
from local.host.durable.engine import ENDED, Engine
from local.host.durable.in_process import IN_PROCESS, Refused
from local.host.durable.payloads import PREFIX
from local.host.durable.query import flag, json_body, moment, number, statuses

_CONTINUATION = "x-ms-continuation-token"


class ManagementApi:
    """The orchestration endpoints, which call the engine directly."""

    def __init__(self, engine: Engine, hub: str, orchestrators: frozenset[str]) -> None:
        self._engine = engine
        self._hub = hub
        self._orchestrators = orchestrators

    def routes(self) -> list[Route]:
        """The routes to mount. Each path includes ``PREFIX``."""
        one = f"{PREFIX}/instances/{{id}}"
        start = f"{PREFIX}/orchestrators/{{name}}"
        return [
            Route(f"{PREFIX}/instances", self._list, methods=["GET"]),
            Route(f"{PREFIX}/instances", self._purge_many, methods=["DELETE"]),
            Route(one, self._status, methods=["GET"]),
            Route(one, self._purge, methods=["DELETE"]),
            Route(f"{one}/raiseEvent/{{event}}", self._raise_event, methods=["POST"]),
            Route(f"{one}/terminate", self._operation(self._terminate), methods=["POST"]),
            Route(f"{one}/suspend", self._operation(self._suspend), methods=["POST"]),
            Route(f"{one}/resume", self._operation(self._resume), methods=["POST"]),
            Route(f"{one}/rewind", self._operation(self._rewind, gone_when_failed=False), methods=["POST"]),
            Route(f"{one}/restart", self._restart, methods=["POST"]),
            Route(start, self._start, methods=["POST"]),
            Route(f"{start}/{{id}}", self._start, methods=["POST"]),
            *entities.routes(PREFIX, self._engine),
        ]

    def _state(self, request: Request) -> pb.OrchestrationState | None:
        wanted = pb.GetInstanceRequest(instanceId=request.path_params["id"], getInputsAndOutputs=True)
        found = self._engine.GetInstance(wanted, IN_PROCESS)
        return found.orchestrationState if found.exists else None

    def _status(self, request: Request) -> Response:
        state = self._state(request)
        if state is None:
            return Response(status_code=404)
        body = payloads.status(state, show_input=flag(request, "showInput", default=True))
        if flag(request, "showHistory"):
            body["historyEvents"] = self._history(request, state.instanceId)
        if state.orchestrationStatus not in ENDED:
            return JSONResponse(body, 202, {"Location": str(request.url), "Retry-After": "5"})
        failed = state.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED
        return JSONResponse(body, 500 if failed and flag(request, "returnInternalServerErrorOnFailure") else 200)

    def _history(self, request: Request, instance_id: str) -> list[dict[str, Any]]:
        wanted = pb.StreamInstanceHistoryRequest(instanceId=instance_id)
        chunks = self._engine.StreamInstanceHistory(wanted, IN_PROCESS)
        history = project_history(
            history_helpers.collect_history_events(chunks),
            show_input=flag(request, "showInput", default=True),
            show_history_output=flag(request, "showHistoryOutput"),
        )
        projected: list[dict[str, Any]] = payloads.parsed(json.dumps(history))
        return projected

    def _list(self, request: Request) -> Response:
        show_input = flag(request, "showInput")
        query = pb.InstanceQuery(
            runtimeStatus=statuses(request),
            createdTimeFrom=moment(request, "createdTimeFrom"),
            createdTimeTo=moment(request, "createdTimeTo"),
            maxInstanceCount=number(request, "top"),
            fetchInputsAndOutputs=True,
        )
        if request.query_params.get("instanceIdPrefix"):
            query.instanceIdPrefix.value = request.query_params["instanceIdPrefix"]
        if request.headers.get(_CONTINUATION):
            query.continuationToken.value = request.headers[_CONTINUATION]
        found = self._engine.QueryInstances(pb.QueryInstancesRequest(query=query), IN_PROCESS)
        body = [payloads.status(state, show_input=show_input) for state in found.orchestrationState]
        return JSONResponse(body, headers={_CONTINUATION: found.continuationToken.value})

    def _purge(self, request: Request) -> Response:
        if self._state(request) is None:
            return Response(status_code=404)
        wanted = pb.PurgeInstancesRequest(instanceId=request.path_params["id"])
        purged = self._engine.PurgeInstances(wanted, IN_PROCESS)
        return JSONResponse({"instancesDeleted": purged.deletedInstanceCount})

    def _purge_many(self, request: Request) -> Response:
        if moment(request, "createdTimeFrom") is None:
            return JSONResponse("Please provide value for 'createdTimeFrom' parameter.", 400)
        wanted = pb.PurgeInstanceFilter(
            createdTimeFrom=moment(request, "createdTimeFrom"),
            createdTimeTo=moment(request, "createdTimeTo"),
            runtimeStatus=statuses(request),
        )
        purged = self._engine.PurgeInstances(pb.PurgeInstancesRequest(purgeInstanceFilter=wanted), IN_PROCESS)
        if not purged.deletedInstanceCount:
            return Response(status_code=404)
        return JSONResponse({"instancesDeleted": purged.deletedInstanceCount})

    async def _raise_event(self, request: Request) -> Response:
        state = self._state(request)
        if state is None or state.orchestrationStatus in ENDED:
            return Response(status_code=404 if state is None else 410)
        event = pb.RaiseEventRequest(instanceId=state.instanceId, name=request.path_params["event"])
        try:
            event.input.value = await json_body(request)
        except ValueError as error:
            return JSONResponse({"message": f"Invalid JSON content: {error}"}, 400)
        with contextlib.suppress(Refused):  # it has ended meanwhile
            self._engine.RaiseEvent(event, IN_PROCESS)
        return Response(status_code=202)

    def _operation(
        self, act: Callable[[str, str], object], gone_when_failed: bool = True
    ) -> Callable[[Request], Response]:
        """An endpoint for an operation on a running instance: 202, 404 for an unknown one, or 410 for an ended one."""

        def endpoint(request: Request) -> Response:
            state = self._state(request)
            if state is None:
                return Response(status_code=404)
            failed = state.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED
            if state.orchestrationStatus in ENDED and (gone_when_failed or not failed):
                return Response(status_code=410)
            try:
                act(state.instanceId, request.query_params.get("reason", ""))
            except Refused as refusal:
                if not gone_when_failed:
                    return JSONResponse({"message": str(refusal)}, 400)
                # Otherwise it is in the wanted state already, or it has ended meanwhile.
            return Response(status_code=202)

        return endpoint

    def _terminate(self, instance_id: str, reason: str) -> None:
        output = helpers.get_string_value(json.dumps(reason))
        wanted = pb.TerminateRequest(instanceId=instance_id, output=output)
        self._engine.TerminateInstance(wanted, IN_PROCESS)

    def _suspend(self, instance_id: str, reason: str) -> None:
        wanted = pb.SuspendRequest(instanceId=instance_id, reason=helpers.get_string_value(reason))
        self._engine.SuspendInstance(wanted, IN_PROCESS)

    def _resume(self, instance_id: str, reason: str) -> None:
        wanted = pb.ResumeRequest(instanceId=instance_id, reason=helpers.get_string_value(reason))
        self._engine.ResumeInstance(wanted, IN_PROCESS)

    def _rewind(self, instance_id: str, reason: str) -> None:
        wanted = pb.RewindInstanceRequest(instanceId=instance_id, reason=helpers.get_string_value(reason))
        self._engine.RewindInstance(wanted, IN_PROCESS)

    def _restart(self, request: Request) -> Response:
        wanted = pb.RestartInstanceRequest(
            instanceId=request.path_params["id"],
            restartWithNewInstanceId=flag(request, "restartWithNewInstanceId", default=True),
        )
        try:
            started = self._engine.RestartInstance(wanted, IN_PROCESS)
        except Refused as refusal:
            return JSONResponse({"message": str(refusal)}, 400)
        return self._accepted(request, started.instanceId)

    async def _start(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name.lower() not in self._orchestrators:
            return JSONResponse({"message": f"The function '{name}' is not an orchestrator function."}, 400)
        wanted = pb.CreateInstanceRequest(name=name, instanceId=request.path_params.get("id", ""))
        try:
            wanted.input.value = await json_body(request)
            started = self._engine.StartInstance(wanted, IN_PROCESS)
        except ValueError as error:
            return JSONResponse({"message": f"Invalid JSON content: {error}"}, 400)
        except Refused as refusal:
            return JSONResponse({"message": str(refusal)}, 409)
        return self._accepted(request, started.instanceId)

    def _accepted(self, request: Request, instance_id: str) -> Response:
        origin = f"{request.url.scheme}://{request.url.netloc}"
        links = payloads.links(origin, self._hub, instance_id)
        return JSONResponse(links, 202, {"Location": links["statusQueryGetUri"], "Retry-After": "10"})
