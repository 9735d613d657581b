"""The local stack for the measurements: Azurite, the simulated Azure with one pool, and the function host."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bench.machine import child_of, children_of, peak_memory, peak_of_all
from local.sim.core import names
from local.stack.app_client import answered
from local.stack.options import ROOT, StackOptions
from local.stack.processes import StackError, free_port
from local.stack.stack import Stack

IMAGE, POOL = "win11-office", "office"
ENDED = {"succeeded", "failed", "cancelled", "rolled_back"}
AT_ONCE = ("--duration-scale", "0", "--users", "off", "--busy", "0")
"""Flags of the simulated Azure: operations are immediate, and there are no users."""
EAGER: dict[str, Any] = {
    "settle_seconds": 0,
    "canary_hosts": 0,
    "proof": "none",
    "max_in_flight": 200,
    "max_unavailable": "100%",
    "strategy": "reimage",
    "warn_minutes": [],
}
"""A policy without waiting times and canary, so that only the calls take time."""
TIMEOUT = 60.0


class BenchStack(Stack):
    """A running stack with the requests that measurements need."""

    def __init__(self, hosts: int, *, directory_override: Path, **how: Any) -> None:
        speed = how.pop("speed", 1.0)
        options = StackOptions(
            port=free_port(), sim_port=free_port(), hosts=hosts, speed=speed, directory_override=directory_override
        )
        super().__init__(options, on_disk=False, **how)
        self.http = httpx.Client(timeout=TIMEOUT)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()
        super().__exit__(kind, error, at)

    def send(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send a request to the app. Raises StackError when the status is an error."""
        return answered(self.http.request(method, f"{self.options.app_url}/api{path}", json=body))

    def sim(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the control routes of the simulated Azure."""
        answer = self.http.request(method, f"{self.options.sim_url}/_sim{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def register(self, policy: Mapping[str, Any], pool: str = POOL, host_pool_id: str = names.OFFICE_POOL_ID) -> None:
        """Register the image and a pool."""
        self.send("PUT", f"/images/{IMAGE}", {"definition_id": names.DEFINITION_ID})
        body = {"host_pool_id": host_pool_id, "image": IMAGE, "join": {"kind": "entra"}, "policy": dict(policy)}
        self.send("PUT", f"/pools/{pool}", body)

    def replicate(self, replicas: int) -> None:
        """Set the number of replicas of version 2.0.0. Each replica serves 50 hosts at a time."""
        regions = [{"name": names.REGION, "regionalReplicaCount": replicas}]
        profile = {"publishingProfile": {"replicaCount": replicas, "targetRegions": regions}}
        url = f"{self.options.sim_url}{names.DEFINITION_ID}/versions/2.0.0"
        answer = self.http.patch(url, params={"api-version": "2025-03-03"}, json={"properties": profile})
        answer.raise_for_status()

    def publish(self, schedule: Mapping[str, Any], pool: str = POOL, **more: Any) -> str:
        """Start a rollout of version 2.0.0. Returns its id."""
        body = {"version": "2.0.0", "schedule": dict(schedule), **more}
        return str(self.send("POST", f"/pools/{pool}/update-image", body)["id"])

    def finish(self, rollout: str, seconds: float, every: float = 0.5) -> dict[str, Any]:
        """Wait for the end of a rollout. Raises StackError when it does not succeed in this time."""
        end = time.monotonic() + seconds
        while True:
            view = self.send("GET", f"/rollouts/{rollout}")
            if view["state"] in ENDED:
                break
            self.check()
            if time.monotonic() > end:
                raise StackError(f"the rollout did not end in {seconds:.0f} s: {view}")
            time.sleep(every)
        if view["state"] != "succeeded":
            raise StackError(f"the rollout ended as {view['state']}: {view['note']}")
        return view

    def calls(self) -> dict[str, Any]:
        """The ARM calls so far, counted by the simulated Azure."""
        found: dict[str, Any] = self.sim("GET", "/calls")
        return found

    def check_violations(self) -> None:
        """Raises StackError when the simulated Azure recorded a violation."""
        found = self.sim("GET", "/state?summary=true")["violations"]
        if found:
            raise StackError(f"{len(found)} violations, the first: {found[0]}")

    def memory_of_host(self) -> float:
        """The peak memory of the function host and its workers in MB."""
        return peak_of_all(child_of(self.supervisor_of_host()))

    def memory_of_worker(self) -> float:
        """The peak memory of the worker that runs the rollouts, which is started first."""
        return peak_memory(children_of(child_of(self.supervisor_of_host()))[0])


@contextmanager
def bench_stack(hosts: int, **how: Any) -> Iterator[BenchStack]:
    """Run a stack with a pool of `hosts` hosts. `how` are the arguments of `Stack`, and `speed`."""
    with (
        tempfile.TemporaryDirectory(prefix="freshcoat-bench-") as kept,
        BenchStack(hosts, directory_override=Path(kept), **how) as up,
    ):
        yield up


def seconds_of(view: Mapping[str, Any]) -> float:
    """The duration of a rollout in seconds, from the request to its end."""
    began, ended = (datetime.fromisoformat(view[name]) for name in ("created_at", "ended_at"))
    return (ended - began).total_seconds()


__all__ = ["AT_ONCE", "EAGER", "IMAGE", "POOL", "ROOT", "BenchStack", "bench_stack", "seconds_of"]
