"""The whole of Freshcoat on this machine, used over HTTP: one for all tests here, each with a pool of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.sim.core import names
from local.stack.options import ROOT, StackOptions
from local.stack.processes import Child, free_port
from local.stack.stack import Stack

ENDED = {"succeeded", "failed", "cancelled", "rolled_back"}
DOMAIN = {"kind": "ad", "profile": "corp"}
"""Hosts of a domain can be put back onto their kept disks; those of Entra ID cannot."""
QUICK = {"settle_seconds": 0, "poll_seconds": 15, "min_available": "20%", "max_unavailable": "100%"}


class Freshcoat(Stack):
    """The running stack, and the requests a user would make."""

    def __init__(self, options: StackOptions, settings: Mapping[str, str] | None = None, *, app: Path = ROOT) -> None:
        super().__init__(options, app=app, sim_flags=("--users", "off"), settings=settings)
        self.http = httpx.Client(timeout=60)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request to the app."""
        return self.http.request(method, f"{self.options.app_url}/api{path}", json=body, headers=headers)

    def get(self, path: str) -> Any:
        """What the app answers to a GET."""
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sim(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the simulated Azure's control surface."""
        answer = self.http.request(method, f"{self.options.sim_url}/_sim{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def add_pool(self, name: str, hosts: int, join: dict[str, str] | None = None, **policy: Any) -> list[str]:
        """A host pool in the simulated Azure, registered with the app; its hosts' names."""
        self.sim("POST", "/pools", {"name": f"hp-{name}", "hosts": hosts, "version": "1.0.0", "max_session_limit": 5})
        profile = {"domain": "contoso.local", "user": "joiner", "password_setting": "JOIN_PASSWORD"}
        self.send("PUT", "/access/join-profiles/default/corp", profile)
        self.send("PUT", "/images/win11-office", {"definition_id": names.DEFINITION_ID})
        pool = {
            "host_pool_id": names.OFFICE_POOL_ID.replace("hp-office", f"hp-{name}"),
            "image": "win11-office",
            "join": join or {"kind": "entra"},
            "policy": QUICK | policy,
        }
        answer = self.send("PUT", f"/pools/{name}", pool)
        assert answer.status_code in {200, 201}, answer.text
        return list(self.azure(name))

    def publish(self, pool: str, schedule: dict[str, Any], **body: Any) -> str:
        """Ask for version 2.0.0; the rollout's id."""
        answer = self.send("POST", f"/pools/{pool}/update-image", {"version": "2.0.0", "schedule": schedule, **body})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def force_in(self, rollout: str, seconds: float) -> None:
        """Move the deadline to so many seconds from now."""
        answer = self.send("POST", f"/rollouts/{rollout}/reschedule", {"deadline": in_seconds(seconds)})
        assert answer.status_code == 202, answer.text

    def follow(self, rollout: str, until: Callable[[dict[str, Any]], bool], seconds: float = 120) -> dict[str, Any]:
        """The rollout once `until` holds for it."""
        end = time.monotonic() + seconds
        while True:
            view: dict[str, Any] = self.get(f"/rollouts/{rollout}")
            if until(view):
                return view
            assert time.monotonic() < end, (view, self.get(f"/rollouts/{rollout}/hosts"))
            time.sleep(0.2)

    def finish(self, rollout: str, seconds: float = 150) -> dict[str, Any]:
        """The rollout at its end."""
        return self.follow(rollout, lambda view: view["state"] in ENDED, seconds)

    def azure(self, pool: str) -> dict[str, dict[str, Any]]:
        """The hosts of a pool as the simulated Azure has them, by name."""
        return {host["host"]: host for host in self.sim("GET", f"/state?pool=hp-{pool}")["hosts"]}

    def violations(self, pool: str) -> list[Any]:
        """What was done to this pool's hosts that must never be done."""
        mine = set(self.azure(pool))
        return [found for found in self.sim("GET", "/state")["violations"] if found["host"] in mine]

    def kill_host(self) -> None:
        """kill -9 the function host (not its supervisor)."""
        self.kill("Function host", self.options.port)

    def kill(self, name: str, port: int) -> None:
        """kill -9 the function host of this name on this port."""
        (host,) = [child for child in self._children if child.name == name]
        self._children.remove(host)
        for pid in _processes("local.host", f"--port {port}"):
            os.kill(pid, signal.SIGKILL)
        _wait_gone(host)

    def kill_workers(self, app: Path) -> None:
        """kill -9 what runs the app of this folder. The function host keeps the engine and starts others."""
        for pid in _processes("local.host.worker", str(app)):
            os.kill(pid, signal.SIGKILL)

    def host_log(self) -> str:
        """All that the function host has logged since it was started last."""
        return (self.options.logs / "host.log").read_text()


def _processes(*words: str) -> list[int]:
    """Ids of the processes with all these words in their command line, the supervisors that hold them left out."""
    listed = subprocess.run(["ps", "-Aww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout  # noqa: S607
    found = [entry.split(maxsplit=1) for entry in listed.splitlines()]
    return [
        int(pid) for pid, command in found if "supervisor.py" not in command and all(word in command for word in words)
    ]


def _wait_gone(host: Child) -> None:
    end = time.monotonic() + 60
    while host.running and time.monotonic() < end:
        time.sleep(0.05)
    assert not host.running


def in_seconds(seconds: float) -> str:
    """A moment so many seconds ahead, as a request gives it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.fixture(scope="session")
def freshcoat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Freshcoat]:
    """Everything up, at 600 times the speed of the clock on the wall in Azure."""
    options = StackOptions(
        port=free_port(), sim_port=free_port(), hosts=2, speed=600, directory_override=tmp_path_factory.mktemp("stack")
    )
    with Freshcoat(options) as stack:
        yield stack
