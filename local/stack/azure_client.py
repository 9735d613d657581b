"""The simulated Azure over HTTP: what is really there, and what the platform or people do by themselves."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from local.sim.core import names
from local.stack.app_client import answered
from local.stack.options import StackOptions
from local.stack.processes import StackError

_API = {"api-version": "2025-04-01"}


class Simulated:
    """Calls to the simulated Azure. Every method raises StackError with the answer when it is none of success."""

    def __init__(self, options: StackOptions) -> None:
        self._http = httpx.Client(base_url=options.sim_url, timeout=60)
        self._app_url = options.app_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def add_host_pool(self, name: str, hosts: int) -> str:
        """A host pool on which nobody works; its ARM id."""
        return str(answered(self._http.post("/_sim/pools", json={"name": name, "hosts": hosts}))["id"])

    def scale(self, pool: str, host_pool: str, most: int) -> None:
        """Let the autoscaler add hosts to a host pool when it is told to; it asks the app what to make them from."""
        rule = {
            "pool": host_pool,
            "image_url": f"{self._app_url}/api/pools/{pool}/image",
            "max_hosts": most,
            "free_share": 0,  # never for the load alone, which is another one in each run
        }
        answered(self._http.put("/_sim/autoscaler", json=rule))

    def ask_for_host(self, host_pool: str) -> str:
        """Have the autoscaler add one host; its name. It is not there yet."""
        (host,) = answered(self._http.post("/_sim/burst", json={"pool": host_pool}))["hosts"]
        return str(host)

    def burst(self, host: str) -> dict[str, Any]:
        """What the autoscaler says of a host it was asked for."""
        bursts = answered(self._http.get("/_sim/state", params={"summary": "true"}))["bursts"]
        found: dict[str, Any] | None = next((burst for burst in bursts if burst["host"] == host), None)
        if found is None:
            raise StackError(f"The simulated Azure knows nothing of the burst host {host}.")
        return found

    def expect_no_sign_out_before(self, moment: datetime) -> None:
        """Have every earlier sign-out counted as a violation."""
        answered(self._http.post("/_sim/expect", json={"force_at": moment.isoformat()}))

    def state(self) -> dict[str, Any]:
        """Everything that is really there."""
        return answered(self._http.get("/_sim/state"))

    def latest(self) -> list[str]:
        """The image's versions that "latest" of the gallery includes."""
        found = answered(self._http.get(f"{names.DEFINITION_ID}/versions", params=_API))["value"]
        return [
            str(version["name"])
            for version in found
            if not version["properties"]["publishingProfile"].get("excludeFromLatest")
        ]

    def template_power(self) -> str:
        """`running`, `deallocated`, … of the VM the image is built from."""
        view = answered(self._http.get(f"{names.TEMPLATE_VM_ID}/instanceView", params=_API))
        codes = [str(status["code"]) for status in view["statuses"]]
        return next((code.removeprefix("PowerState/") for code in codes if code.startswith("PowerState/")), "")
