"""A fake app that answers version requests, and helpers for autoscaler tests."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.sim.core import names
from local.sim.testing import Simulator
from tests.tools.sim.conftest import DEFAULTS, POOL, wait_for

SLOW = {**DEFAULTS, "speed": 0.001}  # a clock that moves only when it is advanced


@dataclass
class App:
    """Gives every request the same answer, once `free` is set."""

    url: str = ""
    status: int = 200
    body: Any = None
    asked: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)

    def gives(self, version: str) -> None:
        self.status = 200
        self.body = {
            "version": version,
            "version_id": names.version_id(version),
            "reason": {"code": "active_version", "text": "it is in use"},
        }


@contextmanager
def listening_app() -> Iterator[App]:
    """A fake app that answers 1.0.0, on a free port."""
    found = App()
    found.free.set()
    found.gives("1.0.0")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            found.free.wait(10)
            raw = found.body if isinstance(found.body, bytes) else json.dumps(found.body).encode()
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/api/pools/office/image"
    try:
        yield found
    finally:
        found.free.set()
        server.shutdown()
        server.server_close()


def switch_on(sim: Simulator, app: App, pool: str = POOL, **rule: Any) -> None:
    sim.control("PUT", "autoscaler", {"pool": pool, "image_url": app.url, **rule})


def burst(sim: Simulator, count: int = 1, pool: str = POOL) -> list[str]:
    hosts: list[str] = sim.control("POST", "burst", {"pool": pool, "count": count})["hosts"]
    return hosts


def bursts(sim: Simulator) -> list[Any]:
    listed: list[Any] = sim.state()["bursts"]
    return listed


def results(sim: Simulator) -> list[str]:
    return [attempt["result"] for attempt in bursts(sim)]


def settled(sim: Simulator) -> list[str]:
    """The results, once no request is pending."""
    wait_for(lambda: "asking" not in results(sim))
    return results(sim)
