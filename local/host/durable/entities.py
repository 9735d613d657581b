"""The entity routes of the durable extension's HTTP API."""

import uuid
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.entities import EntityInstanceId
from durabletask.internal import helpers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.durable.engine import Engine
from local.host.durable.in_process import IN_PROCESS
from local.host.durable.payloads import parsed
from local.host.durable.query import flag, moment, number

_CONTINUATION = "x-ms-continuation-token"


def routes(prefix: str, engine: Engine) -> list[Route]:
    """The routes to list, read and signal entities."""
    api = EntityApi(engine)
    one = f"{prefix}/entities/{{name}}/{{key}}"
    return [
        Route(f"{prefix}/entities", api.list, methods=["GET"]),
        Route(f"{prefix}/entities/{{name}}", api.list, methods=["GET"]),
        Route(one, api.read, methods=["GET"]),
        Route(one, api.signal, methods=["POST", "DELETE"]),
    ]


class EntityApi:
    """The entity endpoints, which call the engine directly."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, request: Request) -> Response:
        """Return the entity's state, or 404."""
        wanted = pb.GetEntityRequest(instanceId=_entity_id(request), includeState=True)
        found = self._engine.GetEntity(wanted, IN_PROCESS)
        if not found.exists or not found.entity.serializedState.value:
            return Response(status_code=404)
        return JSONResponse(parsed(found.entity.serializedState.value))

    async def signal(self, request: Request) -> Response:
        """Queue the operation named by ``op``. DELETE queues the operation ``delete``."""
        name = request.query_params.get("op", "delete" if request.method == "DELETE" else "")
        body = (await request.body()).decode()
        signal = pb.SignalEntityRequest(
            instanceId=_entity_id(request),
            name=name,
            requestId=uuid.uuid4().hex,
            input=helpers.get_string_value(body or None),
        )
        self._engine.SignalEntity(signal, IN_PROCESS)
        return Response(status_code=202)

    def list(self, request: Request) -> Response:
        """List all entities or those of one name. ``top`` limits the page size."""
        query = pb.EntityQuery(
            includeState=flag(request, "fetchState"),
            lastModifiedFrom=moment(request, "lastOperationTimeFrom"),
            lastModifiedTo=moment(request, "lastOperationTimeTo"),
        )
        query.pageSize.value = number(request, "top")
        if request.path_params.get("name"):
            query.instanceIdStartsWith.value = f"@{request.path_params['name'].lower()}@"
        if request.headers.get(_CONTINUATION):
            query.continuationToken.value = request.headers[_CONTINUATION]
        found = self._engine.QueryEntities(pb.QueryEntitiesRequest(query=query), IN_PROCESS)
        body = [_described(entity) for entity in found.entities]
        return JSONResponse(body, headers={_CONTINUATION: found.continuationToken.value})


def _entity_id(request: Request) -> str:
    return str(EntityInstanceId(request.path_params["name"], request.path_params["key"]))


def _described(entity: pb.EntityMetadata) -> dict[str, Any]:
    known = EntityInstanceId.parse(entity.instanceId)
    described: dict[str, Any] = {
        "entityId": {"name": known.entity, "key": known.key},
        "lastOperationTime": f"{entity.lastModifiedTime.ToDatetime():%Y-%m-%dT%H:%M:%S.%f}Z",
    }
    if entity.HasField("serializedState"):
        described["state"] = parsed(entity.serializedState.value)
    return described
