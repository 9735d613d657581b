"""The proxy that the chaos tests put before the tables: each kind of trouble as a client meets it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.fixtures.unreliable_proxy import NONE, Trouble, UnreliableProxy

ANSWER = b"x" * 200_000


class Service(ThreadingHTTPServer):
    """Answers every request at length, and remembers its path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, like Azurite."""

    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def proxy(service: Service) -> Iterator[UnreliableProxy]:
    made = UnreliableProxy(service.server_port)
    yield made
    made.close()


@pytest.fixture
def client(proxy: UnreliableProxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}", trust_env=False, timeout=10) as made:
        yield made


def test_without_trouble_everything_passes(service: Service, client: httpx.Client) -> None:
    assert [client.get(f"/{number}").content for number in range(3)] == [ANSWER] * 3
    assert service.seen == ["/0", "/1", "/2"]


@pytest.mark.parametrize(
    ("trouble", "arrives"), [(Trouble(cut=1), False), (Trouble(lose=1), True), (Trouble(tear=1), True)]
)
def test_the_answer_does_not_come(
    service: Service, proxy: UnreliableProxy, client: httpx.Client, trouble: Trouble, arrives: bool
) -> None:
    client.get("/before")
    proxy.set(trouble)
    with pytest.raises(httpx.TransportError):
        client.get("/met")
    assert ("/met" in service.seen) is arrives
    proxy.set(NONE)
    assert client.get("/after").content == ANSWER


def test_the_answer_comes_late(proxy: UnreliableProxy, client: httpx.Client) -> None:
    proxy.set(Trouble(slow=1, slow_seconds=0.4, seed=1))
    began = time.monotonic()
    assert [client.get("/").content for _ in range(4)] == [ANSWER] * 4
    assert time.monotonic() - began > 0.3
    assert proxy.met["slow"] == 4


def test_the_same_seed_meets_the_same_requests(proxy: UnreliableProxy, client: httpx.Client) -> None:
    def outcomes() -> list[bool]:
        proxy.set(Trouble(cut=0.3, lose=0.2, seed=7))
        return [_succeeds(client) for _ in range(30)]

    first = outcomes()
    assert first == outcomes()
    assert set(first) == {True, False}


def _succeeds(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False
