"""The HTTP server: one ASGI application for ARM's routes and the control routes."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, MutableMapping, Set
from typing import Any
from urllib.parse import parse_qsl

from local.sim import governance  # noqa: F401 - importing a module registers its routes
from local.sim.autoscaler import Autoscaler
from local.sim.avd import host_pools, sessions  # noqa: F401 - as above
from local.sim.avd.logoff_outbox import LogoffOutbox
from local.sim.compute import (  # noqa: F401 - as above
    captures,
    disks,
    extensions,
    galleries,
    network,
    run_commands,
    virtual_machines,
    vm_actions,
)
from local.sim.control import control_app
from local.sim.core import names, operations  # noqa: F401 - as above
from local.sim.core.faults import Fault
from local.sim.core.routes import ROUTES
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, parse_path
from local.sim.graph.devices import graph_app
from local.sim.new_host_image import NewHostImageClient

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
TICK_SECONDS = 0.05


class SimServer:
    def __init__(self, sim: Sim, autoscaler: Autoscaler) -> None:
        self.sim = sim
        self._autoscaler = autoscaler
        self._control = control_app(sim, autoscaler)
        self._graph = graph_app(sim)
        self._logoff_outbox = LogoffOutbox(sim)
        self._image_client = NewHostImageClient()
        self._request_ids = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"].startswith("/_sim"):
            self.sim.clock.run_due()
            await self._control(scope, receive, send)
        elif scope["path"].startswith("/v1.0/"):
            self.sim.clock.run_due()
            await self._graph(scope, receive, send)
        else:
            await self._arm(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        ticker = asyncio.create_task(self._tick())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        ticker.cancel()
        self._logoff_outbox.close()
        self._image_client.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        """Run due actions, post logoff events and add hosts, also when there are no requests."""
        while True:
            self.sim.clock.run_due()
            self._logoff_outbox.post_all()
            self._image_client.exchange(self._autoscaler.image_requests)
            await asyncio.sleep(TICK_SECONDS)

    async def _arm(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await _read(receive)
        self.sim.clock.run_due()
        try:
            call = read_call(scope, raw)
            faults = self._check_request(call)
        except ArmError as error:
            await self._answer(send, _refusal(error), {})
            return
        by_kind = {fault.kind: fault for fault in faults}
        if "slow" in by_kind:
            await asyncio.sleep(by_kind["slow"].seconds)
            self.sim.clock.run_due()
        cut = by_kind.get("disconnect")
        if cut and cut.when == "before":
            await _close_connection(send)
            return
        answer, headers = self._execute(call, faults)
        if cut:
            await _close_connection(send)
            return
        await self._answer(send, answer, headers)

    def _check_request(self, call: Call) -> list[Fault]:
        """Refuse requests that ARM refuses before they reach a resource provider. Returns the HTTP faults to apply."""
        route = ROUTES.get((call.method, call.pattern))
        call.op = route.op if route else "unknown"
        self.sim.count_call(call)
        check_scope(call, self.sim.groups)
        return self.sim.faults.http(call)

    def _execute(self, call: Call, faults: list[Fault]) -> tuple[Answer, dict[str, str]]:
        headers: dict[str, str] = {}
        try:
            headers = self.sim.throttle.check(call)
            for fault in faults:
                _raise_http_fault(fault)
            route = ROUTES.get((call.method, call.pattern))
            if route is None:
                message = f"No simulated resource answers {call.method} {call.pattern}."
                raise ArmError(404, "InvalidResourceType", message)
            self.sim.grants.check(call, route.action)
            answer = route.handler(self.sim, call)
            self._autoscaler.record_included_versions(call)
            return answer, headers
        except ArmError as error:
            return _refusal(error), headers
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return _refusal(
                ArmError(400, "InvalidRequestContent", f"The request could not be understood: {error!r}")
            ), {}

    async def _answer(self, send: Send, answer: Answer, headers: dict[str, str]) -> None:
        self.sim.answers[answer.status] += 1
        body = answer.encode()
        lines = {"x-ms-request-id": f"{next(self._request_ids):08d}", **headers, **answer.headers}
        lines["content-length"] = str(len(body))
        if body:
            lines["content-type"] = "application/json; charset=utf-8"
        encoded = [(name.encode(), value.encode()) for name, value in lines.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})


def read_call(scope: Scope, raw: bytes) -> Call:
    subscription, group, pattern, parts, path_scope = parse_path(scope["path"])
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    base_url = f"http://{headers.get('host') or '127.0.0.1'}"
    body = _parse(raw)
    return Call(
        scope["method"], scope["path"], query, headers, body, base_url, subscription, group, pattern, parts, path_scope
    )


def _parse(raw: bytes) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content was not a valid JSON object.")
    return body


def check_scope(call: Call, groups: Set[str]) -> None:
    """Check api-version, subscription and resource group, in ARM's order."""
    if "api-version" not in call.query:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(400, "MissingApiVersionParameter", message)
    known = call.subscription.lower()
    if known == names.FORBIDDEN_SUBSCRIPTION:
        message = f"The client does not have authorization to perform action '{call.op}' over scope '{call.path}'."
        raise ArmError(403, "AuthorizationFailed", message)
    if known and known != names.SUBSCRIPTION:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{call.subscription}' could not be found.")
    if call.group and call.group.lower() not in groups:
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{call.group}' could not be found.")


def _raise_http_fault(fault: Fault) -> None:
    if fault.kind == "429":
        headers = {"Retry-After": str(fault.retry_after)}
        raise ArmError(429, "TooManyRequests", "The request is being throttled (simulated).", headers=headers)
    if fault.kind == "500":
        raise ArmError(500, "InternalServerError", fault.message)
    if fault.kind == "refuse":
        raise ArmError(fault.status, fault.code, fault.message)
    if fault.kind == "503":
        raise ArmError(503, "ServiceUnavailable", fault.message)


def _refusal(error: ArmError) -> Answer:
    return Answer(error.status, {"error": error.error}, error.headers)


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _close_connection(send: Send) -> None:
    """Close the connection without an answer, like a network failure."""
    owner: Any = getattr(send, "__self__", None)
    transport = getattr(owner, "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0.01)  # give uvicorn time to notice the lost connection, or it would answer 500
