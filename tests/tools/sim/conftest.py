"""One simulator for this folder, which is reset for each test."""

import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.sim.core.names import GROUP
from local.sim.testing import Simulator, sdk_clients, start_simulator

REGION = "westeurope"
POOL = "hp-office"
Client = Any  # an SDK client: it takes plain dicts, which its type hints do not say


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with start_simulator(hosts=4) as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """A simulator with four hosts and immediate operations. `sim.reset(...)` changes its options."""
    running.reset(**DEFAULTS)
    return running


DEFAULTS: dict[str, Any] = {
    "hosts": 4,
    "seed": 1,
    "speed": 60.0,
    "duration_scale": 0.0,
    "throttle": "off",
    "page_size": 200,
    "events_url": "",
    "users": False,
    "busy": 0.0,
    "arrivals_per_minute": None,
    "max_session_limit": 10,
    "load_balancer": "BreadthFirst",
    "powered_off": 0,
    "drained": 0,
    "delete_option": "Delete",
    "vmss": False,
    "pinned": False,
    "ephemeral": False,
    "versions": ["1.0.0", "2.0.0", "3.0.0"],
    "excluded": ["3.0.0"],
    "template": "deallocated",
}


@pytest.fixture
def compute(sim: Simulator) -> Iterator[Client]:
    client, _ = sdk_clients(sim.base_url)
    with client:
        yield client


@pytest.fixture
def desktops(sim: Simulator) -> Iterator[Client]:
    _, client = sdk_clients(sim.base_url)
    with client:
        yield client


@dataclass
class Operator:
    """The steps of a rollout for one host, in plain SDK calls."""

    sim: Simulator
    compute: Client
    desktops: Client

    def drain(self, host: str, accept: bool = False) -> None:
        fqdn, change = f"{host}.contoso.local", {"properties": {"allowNewSession": accept}}
        self.desktops.session_hosts.update(GROUP, POOL, fqdn, session_host=_raw(change))

    def unregister(self, host: str) -> None:
        self.drain(host)
        self.desktops.session_hosts.delete(GROUP, POOL, f"{host}.contoso.local", force=True)

    def reimage(self, host: str, version: str = "2.0.0") -> None:
        self.compute.virtual_machines.begin_reimage(GROUP, host, {"exactVersion": version}).result()

    def join(self, host: str, tag: str = "1") -> Any:
        properties = {
            "publisher": "Microsoft.Compute",
            "type": "JsonADDomainExtension",
            "typeHandlerVersion": "1.3",
            "forceUpdateTag": tag,
            "settings": {"Name": "contoso.local", "User": "joiner", "Restart": "true", "Options": "3"},
            "protectedSettings": {"Password": "join-secret"},
        }
        body = {"location": REGION, "properties": properties}
        return self.compute.virtual_machine_extensions.begin_create_or_update(GROUP, host, "join", body).result()

    def token(self, pool: str = POOL) -> str:
        expiry = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        info = {"expirationTime": expiry, "registrationTokenOperation": "Update"}
        self.desktops.host_pools.update(GROUP, pool, _raw({"properties": {"registrationInfo": info}}))
        return str(self.desktops.host_pools.retrieve_registration_token(GROUP, pool).token)

    def register(self, host: str, token: str | None = None, attempt: str = "", **properties: Any) -> Any:
        secret = {"name": "RegistrationToken", "value": token or self.token()}
        properties = {
            "source": {"script": "install the agent"},
            "protectedParameters": [secret],
            "parameters": [{"name": "Attempt", "value": attempt}],
            "treatFailureAsDeploymentFailure": True,
            **properties,
        }
        commands = self.compute.virtual_machine_run_commands
        body = {"location": REGION, "properties": properties}
        return commands.begin_create_or_update(GROUP, host, "register", body).result()

    def renew(self, host: str, version: str = "2.0.0") -> None:
        self.unregister(host)
        self.reimage(host, version)
        self.join(host, tag=version)
        self.register(host)


def _raw(body: dict[str, Any]) -> Any:
    """JSON as bytes, because the desktop client would change a dict."""

    return io.BytesIO(json.dumps(body).encode())


@pytest.fixture
def operator(sim: Simulator, compute: Client, desktops: Client) -> Operator:
    return Operator(sim, compute, desktops)


@pytest.fixture
def violations(sim: Simulator) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [(v["kind"], v["host"]) for v in sim.state()["violations"]]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def arm_error(caught: Any) -> Any:
    """ARM's `{code, message, target}` in an exception of the SDK."""
    return caught.value.error
