"""Starts the real host as a process, and sends HTTP requests to it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[3]
MANAGEMENT = "/runtime/webhooks/durabletask"
_READY = "Host started: "


def eventually[T](look: Callable[[], T], wanted: Callable[[T], bool] = bool, seconds: float = 15) -> T:
    """Repeat until the result is accepted. Fails with the last result."""
    deadline = time.monotonic() + seconds
    while True:
        result = look()
        if wanted(result):
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s; last: {result!r}"
        time.sleep(0.02)


class RunningHost:
    """A host process with an HTTP client. ``log`` is its output so far."""

    def __init__(self, process: subprocess.Popen[bytes], log_file: Path) -> None:
        self.process = process
        self._log_file = log_file
        eventually(lambda: _READY in self.log or process.poll() is not None)
        assert process.poll() is None, self.log
        self.origin = self.log.split(_READY)[1].splitlines()[0]
        self.client = httpx.Client(base_url=self.origin, timeout=15)

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def start(self, name: str, given: object = None, instance_id: str | None = None) -> dict[str, str]:
        """Start an orchestration through the app's client function, and return its links."""
        parameters = {"id": instance_id} if instance_id else {}
        response = self.client.post(f"/v1/start/{name}", content=json.dumps(given), params=parameters)
        assert response.status_code == 202, response.text
        links: dict[str, str] = response.json()
        return links

    def ended(self, links: Mapping[str, str]) -> dict[str, Any]:
        """Wait for the end of an instance, and return its status."""
        response = eventually(lambda: self.client.get(links["statusQueryGetUri"]), lambda r: r.status_code != 202)
        status: dict[str, Any] = response.json()
        return status

    def stop(self) -> int:
        """Stop the host, and return its exit code."""
        self.client.close()
        self.process.terminate()
        return self.process.wait(timeout=10)


def app_copy(target: Path, values: Mapping[str, str]) -> Path:
    """Copy the test app to a new folder, with ``values`` in its local.settings.json."""
    shutil.copytree(APPS / "full", target)
    settings = {"IsEncrypted": False, "Values": dict(values)}
    (target / "local.settings.json").write_text(json.dumps(settings))
    return target


def spawn(app: Path, log_file: Path, *arguments: str, port: int = 0) -> subprocess.Popen[bytes]:
    """Start ``python -m local.host`` for an app folder. Port 0 chooses a free port."""
    command = [sys.executable, "-m", "local.host", "--app", str(app), "--port", str(port), *arguments]
    with log_file.open("wb") as log:
        return subprocess.Popen(  # noqa: S603  # our own command
            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
