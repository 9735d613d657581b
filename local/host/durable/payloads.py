"""The JSON formats of the durable extension: client bindings, links of an instance, status of an instance."""

import json
import math
from datetime import datetime
from typing import Any
from urllib.parse import quote

import durabletask.internal.orchestrator_service_pb2 as pb
from azure.durable_functions.http.http_management_payload import HttpManagementPayload

from local.host.durable.engine import MAX_MESSAGE_BYTES

PREFIX = "/runtime/webhooks/durabletask"
STATUS_PREFIX = "ORCHESTRATION_STATUS_"


def client_config(origin: str, hub: str, rpc_port: int) -> str:
    """The value of a ``durableClient`` binding: the engine's address and the URL templates."""
    base, query = f"{origin}{PREFIX}", _query(hub)
    config = {
        "taskHubName": hub,
        "connectionName": "Storage",
        "creationUrls": {"createNewInstancePostUri": f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]?{query}"},
        "managementUrls": links(origin, hub, "INSTANCEID"),
        "baseUrl": base,
        "httpBaseUrl": base,
        "requiredQueryStringParameters": query,
        "rpcBaseUrl": f"http://127.0.0.1:{rpc_port}",
        "maxGrpcMessageSizeInBytes": MAX_MESSAGE_BYTES,
    }
    return json.dumps(config)


def links(origin: str, hub: str, instance_id: str) -> dict[str, str]:
    """The URLs to read and manage an instance."""
    url = f"{origin}{PREFIX}/instances/{quote(instance_id, safe='')}"
    return HttpManagementPayload(instance_id, url, _query(hub))


def status(state: pb.OrchestrationState, *, show_input: bool) -> dict[str, Any]:
    """The status of an instance in the extension's format. The output of a failed one is its error message."""
    name = pb.OrchestrationStatus.Name(state.orchestrationStatus).removeprefix(STATUS_PREFIX)
    failure = state.failureDetails.errorMessage if state.HasField("failureDetails") else None
    return {
        "name": state.name,
        "instanceId": state.instanceId,
        "runtimeStatus": "".join(part.title() for part in name.split("_")),
        "input": parsed(state.input.value) if show_input else None,
        "customStatus": parsed(state.customStatus.value),
        "output": parsed(state.output.value) if state.output.value else failure,
        "createdTime": _seconds(state.createdTimestamp.ToDatetime()),
        "lastUpdatedTime": _seconds(state.lastUpdatedTimestamp.ToDatetime()),
    }


def _query(hub: str) -> str:
    return f"taskHub={quote(hub)}&connection=Storage&code=local"


def parsed(text: str) -> Any:
    """The value of a JSON text; the text itself when it is no JSON. NaN and infinity are texts, as in .NET."""
    try:
        return json.loads(text, parse_constant=str, parse_float=_number) if text else None
    except ValueError:
        return text


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else str(value).replace("inf", "Infinity")


def _seconds(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}Z"
