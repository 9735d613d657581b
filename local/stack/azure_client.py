"""An HTTP client for the simulated Azure: reads its true state, and triggers events such as new hosts."""

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


class SimulatedAzureClient:
    """Calls to the simulated Azure. Every method raises StackError with the response when the status is an error."""

    def __init__(self, options: StackOptions) -> None:
        self._http = httpx.Client(base_url=options.sim_url, timeout=60)
        self._app_url = options.app_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def add_host_pool(self, name: str, hosts: int, busy: float = 0) -> str:
        """Create a host pool. Returns its ARM id. `busy`: the share of its hosts that have users."""
        body = {"name": name, "hosts": hosts} | ({"busy": busy} if busy else {})
        return str(answered(self._http.post("/_sim/pools", json=body))["id"])

    def set_autoscaler(self, pool: str, host_pool: str, max_hosts: int) -> None:
        """Enable the autoscaler of a host pool for requests only. It asks the app which version to use."""
        rule = {
            "pool": host_pool,
            "image_url": f"{self._app_url}/api/pools/{pool}/image",
            "max_hosts": max_hosts,
            "free_share": 0,  # no hosts because of load, which differs from run to run
        }
        answered(self._http.put("/_sim/autoscaler", json=rule))

    def request_host(self, host_pool: str) -> str:
        """Let the autoscaler add one host. Returns its name before the host exists."""
        (host,) = answered(self._http.post("/_sim/burst", json={"pool": host_pool}))["hosts"]
        return str(host)

    def burst(self, host: str) -> dict[str, Any]:
        """The autoscaler's record of a requested host."""
        bursts = answered(self._http.get("/_sim/state", params={"summary": "true"}))["bursts"]
        found: dict[str, Any] | None = next((burst for burst in bursts if burst["host"] == host), None)
        if found is None:
            raise StackError(f"The simulated Azure has no record of burst host {host}.")
        return found

    def expect_no_sign_out_before(self, moment: datetime) -> None:
        """Let the simulated Azure record every earlier sign-out as a violation."""
        answered(self._http.post("/_sim/expect", json={"force_at": moment.isoformat()}))

    def state(self) -> dict[str, Any]:
        """The complete state of the simulated Azure."""
        return answered(self._http.get("/_sim/state"))

    def latest(self) -> list[str]:
        """The image's versions in the gallery that are not excluded from "latest"."""
        found = answered(self._http.get(f"{names.DEFINITION_ID}/versions", params=_API))["value"]
        return [
            str(version["name"])
            for version in found
            if not version["properties"]["publishingProfile"].get("excludeFromLatest")
        ]

    def template_power(self) -> str:
        """The power state of the template VM, for example `running` or `deallocated`."""
        view = answered(self._http.get(f"{names.TEMPLATE_VM_ID}/instanceView", params=_API))
        codes = [str(status["code"]) for status in view["statuses"]]
        return next((code.removeprefix("PowerState/") for code in codes if code.startswith("PowerState/")), "")
