"""Serves the app's HTTP functions."""

import logging
from urllib.parse import unquote

from azure_functions_runtime.bindings.datumdef import Datum
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.host.invoke import FunctionFailed, Invoker, datum
from local.host.routes import RouteTable
from local.host.worker_process import WorkerLost

_RETRY_SECONDS = "2"
"""A new worker needs about this time to load the app."""
_log = logging.getLogger(__name__)
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})


class FunctionRoutes:
    """An ASGI app that finds the function for a request, runs it and sends its response.

    The status is 404 without a matching function. It is 500 with an empty body when the function raised an
    exception or returned something that is not a response, and 503 when its worker process ended.
    """

    def __init__(self, routes: RouteTable, invoker: Invoker) -> None:
        self._routes = routes
        self._invoker = invoker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        found = self._routes.match(request.method, _path(request.scope))
        if found is None:
            return Response(status_code=404)
        function, parameters = found
        try:
            returned = await self._invoker.run(function, await _request_datum(request, parameters))
        except FunctionFailed:
            return Response(status_code=500)
        except WorkerLost as lost:
            _log.error("%s failed: %s", function.name, lost)
            return Response(status_code=503, headers={"Retry-After": _RETRY_SECONDS})
        return _response(returned)


def _path(scope: Scope) -> str:
    """The decoded path. An encoded slash stays encoded, so that it does not separate segments."""
    return unquote(_raw_path(scope).replace("%2F", "%252F").replace("%2f", "%252f"))


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    return raw.split(b"?")[0].decode("ascii", "replace")


def _url(request: Request) -> str:
    return str(request.url.replace(path=_raw_path(request.scope)))


async def _request_datum(request: Request, parameters: dict[str, str]) -> Datum:
    body = await request.body()
    value = {
        "method": _text(request.method),
        "url": _text(_url(request)),
        "headers": _joined(request.headers.items()),
        "query": _joined(request.query_params.multi_items()),
        "params": {name: _text(given) for name, given in parameters.items()},
        "body": datum(body, "bytes"),
    }
    return datum(value, "http")


def _text(value: str) -> Datum:
    return datum(value, "string")


def _joined(pairs: list[tuple[str, str]]) -> dict[str, Datum]:
    """Join the values of repeated names with commas, like the host in Azure."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: _text(",".join(items)) for name, items in values.items()}


def _response(returned: Datum | None) -> Response:
    if returned is None or returned.type is None:
        return Response(status_code=204)
    if returned.type != "http":
        return Response(str(returned.value), media_type="text/plain")
    value = returned.value
    status = int(value["status_code"].value)
    body = b"" if status in (204, 304) else value["body"].value
    headers = {name: item.value for name, item in value["headers"].items()}
    response = Response(
        body, status, {name: text for name, text in headers.items() if name.lower() not in _OWN_HEADERS}
    )
    for jar in value.get("cookies") or ():
        for morsel in jar.values():
            response.headers.append("set-cookie", morsel.OutputString())
    return response
