"""Parses query parameters and bodies of the durable extension's API by the rules of .NET.

An invalid query parameter counts as absent.
"""

import json
from datetime import UTC, datetime

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.internal import helpers
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]
from starlette.requests import Request

from local.host.durable.payloads import STATUS_PREFIX


def flag(request: Request, name: str, *, default: bool = False) -> bool:
    """``true`` or ``false``, ignoring case; otherwise the default."""
    text = request.query_params.get(name, "").lower()
    return text == "true" if text in {"true", "false"} else default


def number(request: Request, name: str) -> int:
    """A non-negative integer; otherwise 0."""
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() else 0


def moment(request: Request, name: str) -> Timestamp | None:
    """An ISO time, in UTC when it has no time zone; otherwise None."""
    try:
        value = datetime.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        return None
    return helpers.new_timestamp(value if value.tzinfo else value.replace(tzinfo=UTC))


def statuses(request: Request) -> list[pb.OrchestrationStatus]:
    """The values of ``runtimeStatus``, which may be comma-separated or repeated."""
    wanted = {
        part.strip().lower() for value in request.query_params.getlist("runtimeStatus") for part in value.split(",")
    }
    known = {
        name.removeprefix(STATUS_PREFIX).replace("_", "").lower(): value
        for name, value in pb.OrchestrationStatus.items()
    }
    return [value for name, value in known.items() if name in wanted]


async def json_body(request: Request) -> str:
    """The unchanged body, or ``null`` when it is empty. Raises ValueError when it is not JSON."""
    body = (await request.body()).decode() or "null"
    json.loads(body)
    return body
