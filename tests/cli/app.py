"""An app that answers as a test says, and the command line as a process against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from freshcoat_cli.main import app as freshcoat

ROOT = Path(__file__).parents[2]
LONGEST = 60
"""Seconds that a command may take. The machine may be busy with other tests."""

ABOUT = {"name": "Freshcoat", "environment": "local", "auth": {"kind": "development", "tenants": []}}
ME = {
    "name": "ann",
    "id": "development:ann",
    "signed_in_by": "development",
    "roles": ["admin"],
    "accounts": ["*"],
    "may": ["read"],
}


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Says:
    """An answer. `lost`: the connection is cut instead; `late`: seconds before it."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False
    late: float = 0


class App:
    """Answers by a function of the request, and remembers all requests."""

    def __init__(self, answer: Callable[[Asked], Says]) -> None:
        self.answer, self.asked = answer, list[Asked]()
        self.url = ""

    def of(self, method: str, path: str = "") -> list[Asked]:
        """The requests of a kind."""
        return [one for one in self.asked if one.method == method and path in one.path]


@contextmanager
def serving(answer: Callable[[Asked], Says]) -> Iterator[App]:
    """The app, on a free port of this machine."""
    app = App(answer)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(size)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, json.loads(text) if text else None)
            app.asked.append(asked)
            says = app.answer(asked)
            time.sleep(says.late)
            if says.lost:
                self.close_connection = True
                return
            kind = "application/problem+json" if says.status >= 400 else "application/json"
            body = says.body if isinstance(says.body, str) else json.dumps(says.body)
            self.send_response(says.status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(body.encode())),
                **says.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a machine on which nobody has used the command line yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FRESHCOAT_", "AZURE_"))}
    ours = {"PYTHONPATH": str(ROOT / "cli"), "FRESHCOAT_CONFIG_DIR": str(folder), "FRESHCOAT_NO_KEYRING": "1"}
    return {**kept, **ours, "PYTHONIOENCODING": "utf-8", **more}


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


def run_here(folder: Path, *arguments: str, given: str = "", **more: str) -> Ran:
    """Like `run`, but in this process, which takes a tenth of the time."""
    wanted = environment(folder, **more)
    kept = {*os.environ} - {*wanted}
    ran = CliRunner().invoke(freshcoat, arguments, input=given, env={**wanted, **dict.fromkeys(kept)})
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


def run(folder: Path, *arguments: str, given: str = "", **more: str) -> Ran:
    """Run `freshcoat` with these arguments, without a terminal. `given`: its stdin."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "freshcoat_cli", *arguments],
        env=environment(folder, **more),
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def problem(status: int, kind: str, title: str, detail: str = "", **more: Any) -> Says:
    """A refusal of the app."""
    body = {"type": f"urn:freshcoat:{kind}", "title": title, "status": status, "detail": detail, **more}
    return Says(status, body)
