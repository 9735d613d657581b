"""Runs the simulator inside a test, in a thread on a free port, and creates the real SDK clients for it."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.desktopvirtualization import DesktopVirtualizationMgmtClient

from local.sim import seed
from local.sim.core.names import SUBSCRIPTION
from local.sim.core.options import Options
from local.sim.core.simulator import Sim
from local.sim.listener import listen
from local.sim.server import SimServer

START_SECONDS = 10.0


class NoCredential:
    """A credential with a fixed token: the SDK needs a credential, but the simulator checks none."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("simulated", int(time.time()) + 3600)


class PlainHttpAuthentication(SansIOHTTPPolicy[Any, Any]):
    """Sends the caller's identity without a bearer token, which azure-core refuses to send over plain HTTP."""

    def __init__(self, identity: str = "simulated") -> None:
        self._identity = identity

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.http_request.headers["Authorization"] = f"Simulated {self._identity}"


def sdk_clients(
    base_url: str, subscription: str = SUBSCRIPTION, identity: str = "simulated", **options: Any
) -> tuple[ComputeManagementClient, DesktopVirtualizationMgmtClient]:
    """Both real clients, connected to a simulator. Retries are off unless `options` enables them."""
    settings: dict[str, Any] = {"base_url": base_url, "retry_total": 0, "polling_interval": 0, **options}
    compute = ComputeManagementClient(
        NoCredential(), subscription, authentication_policy=PlainHttpAuthentication(identity), **settings
    )
    desktops = DesktopVirtualizationMgmtClient(
        NoCredential(), subscription, authentication_policy=PlainHttpAuthentication(identity), **settings
    )
    return compute, desktops


@dataclass
class Simulator:
    """A running simulator. Tests may read its state in `sim`, and change it only through the control calls."""

    base_url: str
    sim: Sim
    _server: uvicorn.Server
    _thread: threading.Thread
    _socket: socket.socket = field(repr=False)

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(START_SECONDS)
        self._socket.close()

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/_sim/{path}`. Raises `ControlRefusedError` for an error status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/_sim/{path}", data, method=method)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ControlRefusedError(error.code, json.load(error)["error"]) from None

    def state(self, pool: str = "") -> Any:
        return self.control("GET", f"state?pool={pool}" if pool else "state")

    def host(self, name: str) -> Any:
        """The state of one host by its short name."""
        return next(h for h in self.state()["hosts"] if h["host"] == name)

    def faults(self, *faults: dict[str, Any]) -> None:
        self.control("POST", "faults", list(faults))

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def log_on(self, host: str, user: str, force: bool = False) -> str:
        answer = self.control("POST", "logon", {"host": host, "user": user, "force": force})
        return str(answer["session_id"])

    def log_off(self, host: str, user: str) -> None:
        self.control("POST", "logoff", {"host": host, "user": user})

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})

    def reset(self, **options: Any) -> None:
        self.control("POST", "reset", options)


class ControlRefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


def start_simulator(port: int = 0, **options: Any) -> Simulator:
    """Start a simulator in a thread. `options` are fields of `Options`; by default operations are immediate and there
    are no simulated users."""
    defaults: dict[str, Any] = {"hosts": 4, "duration_scale": 0.0, "users": False, "busy": 0.0}
    sim, autoscaler = seed.start(Options().changed({**defaults, **options}))
    listener = listen(port)
    config = uvicorn.Config(SimServer(sim, autoscaler), log_level="warning", access_log=False, ws="none", http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="simulated-azure")
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    if not server.started:
        raise RuntimeError("the simulated Azure did not start")
    return Simulator(f"http://127.0.0.1:{listener.getsockname()[1]}", sim, server, thread, listener)
