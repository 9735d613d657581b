"""The host's admin API under ``/admin``."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from azure_functions_runtime.bindings.datumdef import Datum
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.function import Function
from local.host.invoke import FunctionFailed, Invoker, datum
from local.host.timers import Timer, timer_datum
from local.host.worker_process import WorkerLost


class AdminApi:
    """Lists the functions, and runs one on request."""

    def __init__(self, functions: Iterable[Function], invoker: Invoker) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._invoker = invoker
        self._started = time.monotonic()
        self._running: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route("/admin/host/status", self._status, methods=["GET"]),
            Route("/admin/host/ping", self._status, methods=["GET", "POST"]),
            Route("/admin/functions", self._list, methods=["GET"]),
            Route("/admin/functions/{name}", self._describe, methods=["GET"]),
            Route("/admin/functions/{name}", self._trigger, methods=["POST"]),
        ]

    async def _status(self, _request: Request) -> Response:
        uptime = int((time.monotonic() - self._started) * 1000)
        return JSONResponse({"id": "local", "state": "Running", "processUptime": uptime, "version": "4.0"})

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([_described(function) for function in self._functions.values()])

    async def _describe(self, request: Request) -> Response:
        function = self._functions.get(request.path_params["name"].lower())
        return Response(status_code=404) if function is None else JSONResponse(_described(function))

    async def _trigger(self, request: Request) -> Response:
        """Run a function with the body's ``input``. The answer is sent without waiting for its end."""
        function = self._functions.get(request.path_params["name"].lower())
        if function is None:
            return Response(status_code=404)
        try:
            body = json.loads(await request.body() or b"{}")
            given = body.get("input", "")
        except (ValueError, AttributeError):
            return JSONResponse({"message": 'the body must be {"input": ...}'}, 400)
        task = asyncio.create_task(self._run(function, _datum(function, given)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Response(status_code=202)

    async def _run(self, function: Function, given: Datum) -> None:
        with contextlib.suppress(FunctionFailed, WorkerLost):
            await self._invoker.run(function, given)


def _datum(function: Function, given: object) -> Datum:
    text = given if isinstance(given, str) else json.dumps(given)
    if function.kind == "timerTrigger":
        return timer_datum(Timer.of(function).schedule, datetime.now(UTC), None)
    if function.kind == "httpTrigger":
        parts = {"method": datum("POST", "string"), "url": datum(f"/admin/functions/{function.name}", "string")}
        empty: dict[str, Datum] = {}
        body = datum(text.encode(), "bytes")
        return datum({**parts, "headers": empty, "query": empty, "params": empty, "body": body}, "http")
    return datum(text, "json" if function.kind == "activityTrigger" else "string")


def _described(function: Function) -> dict[str, object]:
    bindings = [{key: str(value) for key, value in binding.items()} for binding in function.bindings]
    return {"name": function.name, "config": {"bindings": bindings}, "isDisabled": False}
