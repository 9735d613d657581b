"""Connects app, engine and HTTP, and runs them until a signal."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from local.host.admin import AdminApi
from local.host.durable.bridge import DurableBridge
from local.host.durable.engine import Engine
from local.host.durable.management import ManagementApi
from local.host.durable.payloads import client_config
from local.host.function import Function
from local.host.invoke import Invoker
from local.host.routes import RouteTable
from local.host.settings import HostSettings
from local.host.timers import Timer
from local.host.web import FunctionRoutes
from local.host.workers import Workers

_GRACE_SECONDS = 2
_EXIT_SECONDS = 3


class Host:
    """Serves one app on one socket."""

    def __init__(
        self, functions: list[Function], workers: Workers, settings: HostSettings, listener: socket.socket
    ) -> None:
        """Raises AppError for an invalid route or schedule."""
        host, port = listener.getsockname()[:2]
        self.origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.functions = functions
        self.route_table = RouteTable(functions, settings.route_prefix)
        self._workers = workers
        self._settings = settings
        self._listener = listener
        self._timers = [Timer.of(function) for function in functions if function.kind == "timerTrigger"]
        self._engine = Engine(settings.keep_ended, settings.default_version)

    def listing(self) -> str:
        """The list of functions and their URLs, in the format of Core Tools."""
        http = {route.function.name: route for route in self.route_table.routes}
        lines = ["", "Functions:", ""]
        for function in sorted(self.functions, key=lambda function: function.name):
            route = http.get(function.name)
            if route is None:
                lines.append(f"\t{function.name}: {function.kind}")
            else:
                methods = f"[{','.join(sorted(route.methods))}] " if route.methods else ""
                lines.append(f"\t{function.name}: {methods}{self.origin}/{route.template}")
        return "\n".join([*lines, ""])

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then wait shortly for open requests."""
        self._engine.start()
        invoker = Invoker(self._workers, client_config(self.origin, self._settings.hub_name, self._engine.port))
        bridge = DurableBridge(
            self.functions,
            invoker,
            self._engine,
            self._settings.max_activities,
            self._settings.max_orchestrators,
        )
        bridge.start()
        server = _Server(self._asgi(invoker), f"Host started: {self.origin}")
        _on_signals(server)
        self._workers.start()
        timers = [asyncio.create_task(timer.run(invoker)) for timer in self._timers]
        await server.serve(sockets=[self._listener])
        for task in timers:
            task.cancel()
        self._engine.stop(grace=0)

    def _asgi(self, invoker: Invoker) -> Starlette:
        orchestrators = frozenset(
            function.durable_name.lower() for function in self.functions if function.kind == "orchestrationTrigger"
        )
        management = ManagementApi(self._engine, self._settings.hub_name, orchestrators)
        admin = AdminApi(self.functions, invoker)
        functions = Mount("/", app=FunctionRoutes(self.route_table, invoker))
        return Starlette(routes=[*management.routes(), *admin.routes(), functions])


def _on_signals(server: "_Server") -> None:
    """Stop the server on a signal. If the event loop is blocked by a function, end the process after a timeout."""
    loop = asyncio.get_running_loop()

    def stop(_number: int, _frame: object) -> None:
        last_resort = threading.Timer(_EXIT_SECONDS, os._exit, [0])
        last_resort.daemon = True
        last_resort.start()
        loop.call_soon_threadsafe(server.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


class _Server(uvicorn.Server):
    """A Uvicorn server that leaves signals to the host and prints a line when it is ready."""

    def __init__(self, app: Starlette, ready: str) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._ready, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Ask the server to stop. A second call drops the open requests."""
        self.force_exit = self.should_exit
        self.should_exit = True
