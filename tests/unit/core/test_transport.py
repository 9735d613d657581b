"""The connections of the SDK clients: one for each call at a time, kept for later ones, signed by the SDK alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest

from shared.core.transport import Connections

AT_ONCE = 6


class Server(ThreadingHTTPServer):
    """Answers once AT_ONCE calls are under way, or at once when nobody is to wait; notes each connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.headers: list[dict[str, str]] = []
        self.gate: threading.Barrier | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open; `/dies` answers nothing, `/breaks` less than it says, `/head` half a head."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.server.headers.append(dict(self.headers))
        if self.path == "/dies":
            self.close_connection = True
            return
        if self.path == "/head":
            self.close_connection = True
            self.wfile.write(b"HTTP/1.1 200 OK\r\nDate: Mon, 30 No")
            return
        if self.server.gate:
            self.server.gate.wait(10)
        self.send_response(200)
        self.close_connection = self.path == "/breaks"
        self.send_header("Content-Length", "500" if self.close_connection else "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def connections() -> Iterator[Connections]:
    with Connections(5, 10) as connections:
        yield connections


def get(connections: Connections, url: str) -> str:
    response = connections.send(HttpRequest("GET", url, headers={"Authorization": "Bearer ours"}))
    response.read()
    return str(response.text())


def test_concurrent_calls_have_a_connection_each_and_later_calls_reuse_them(
    server: Server, connections: Connections
) -> None:
    server.gate = threading.Barrier(AT_ONCE)
    for _ in range(3):
        with ThreadPoolExecutor(AT_ONCE) as threads:  # other threads each time, as in a look
            assert list(threads.map(lambda _: get(connections, server.url), range(AT_ONCE))) == ["ok"] * AT_ONCE
    assert server.connections == AT_ONCE


def test_after_many_concurrent_calls_not_all_connections_are_kept(
    server: Server, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.core.transport.KEPT", 2)
    server.gate = threading.Barrier(AT_ONCE)
    for _ in range(2):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert list(threads.map(lambda _: get(connections, server.url), range(AT_ONCE))) == ["ok"] * AT_ONCE
    assert server.connections == 2 * AT_ONCE - 2


def test_after_closing_the_next_call_opens_a_new_one(server: Server, connections: Connections) -> None:
    get(connections, server.url)
    connections.close()
    assert get(connections, server.url) == "ok"
    assert server.connections == 2


@pytest.mark.parametrize("path", ["/breaks", "/head"])
def test_an_answer_that_breaks_off_counts_as_none(server: Server, connections: Connections, path: str) -> None:
    with pytest.raises(ServiceResponseError):
        get(connections, f"{server.url}{path}")
    assert get(connections, server.url) == "ok"


def test_a_failed_call_raises_and_does_not_affect_others(server: Server, connections: Connections) -> None:
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        get(connections, f"{server.url}/dies")
    assert len(server.headers) == 1  # it is for the SDK to try again
    assert get(connections, server.url) == "ok"


def test_credentials_in_netrc_are_ignored(
    server: Server, connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    get(connections, server.url)
    assert server.headers[0]["Authorization"] == "Bearer ours"
