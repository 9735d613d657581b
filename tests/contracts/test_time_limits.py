"""A service that takes a connection and never answers: every call ends within seconds, as a busy Azure."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

import shared.azure.clients as arm
import shared.azure.graph.client as graph
import shared.azure.graph.pipeline as plain
import shared.tables.open as tables
from shared.azure.rest import HOST_POOLS, read
from shared.core import transport
from shared.core.arm_ids import parse
from shared.core.errors import AzureBusy
from shared.core.settings import Settings
from shared.models.accounts import Account
from shared.tables.codec import Codec
from shared.tables.keys import account_keys
from shared.tables.rows import TableRows
from tests.fixtures.world.azure import HOST_POOL_ID

LIMIT = 0.3
"""Seconds, instead of some."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that takes connections and requests, and answers none."""
    for module in (arm, plain, tables):
        monkeypatch.setattr(module, "READ_TIMEOUT", LIMIT)
    monkeypatch.setitem(transport.TOKEN_CALLS, "read_timeout", LIMIT)
    taken: list[socket.socket] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    for connection in taken:
        connection.close()


def reads_a_table(endpoint: str) -> None:
    parts = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint={endpoint}/a;"
    with tables.translated("Pools"):
        tables.connect(Settings(tables_connection=parts)).get_table_client("Pools").get_entity("pool", "office")


def reads_every_row(endpoint: str) -> None:
    parts = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint={endpoint}/a;"
    table = tables.connect(Settings(tables_connection=parts)).get_table_client("Accounts")
    TableRows(table, Codec(Account, account_keys)).every()


def opens_the_tables(endpoint: str) -> None:
    parts = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint={endpoint}/a;"
    tables.open_tables(Settings(tables_connection=parts))


def reads_arm(endpoint: str) -> None:
    clients = arm.ArmClients(Settings(tables_connection="x", arm_endpoint=endpoint))
    read(clients, "read the host pool", HOST_POOLS, parse(HOST_POOL_ID))


def reads_graph(endpoint: str) -> None:
    client = graph.GraphClient(Settings(tables_connection="x", graph_endpoint=endpoint))
    list(client.listed("find the device", "devices"))


CALLS = [reads_a_table, reads_every_row, opens_the_tables, reads_arm, reads_graph]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_never_answered_ends_as_busy(call: Callable[[str], None], endpoint: str) -> None:
    began = time.monotonic()
    with pytest.raises(AzureBusy):
        call(endpoint)
    assert time.monotonic() - began < 15 * LIMIT


@pytest.mark.parametrize("identity", ["", "11111111-2222-3333-4444-555555555555"])
@pytest.mark.parametrize("service", ["ARM", "Graph", "tables"])
def test_a_token_that_never_comes_ends_the_call(
    service: str, identity: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identity of an app in Azure is an endpoint of the machine, too."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "made-up")
    settings = Settings(tables_endpoint="https://a.table.core.windows.net", identity_client_id=identity)
    began = time.monotonic()
    with pytest.raises(AzureBusy):
        match service:
            case "ARM":
                read(arm.ArmClients(settings), "read the host pool", HOST_POOLS, parse(HOST_POOL_ID))
            case "Graph":
                graph.GraphClient(settings).roles()
            case _:
                with tables.translated("Pools"):
                    tables.connect(settings).get_table_client("Pools").get_entity("pool", "office")
    assert time.monotonic() - began < 20 * LIMIT


def test_the_limits_are_seconds() -> None:
    for module in (arm, tables):
        assert 1 <= module.CONNECT_TIMEOUT <= 10
        assert module.CONNECT_TIMEOUT <= module.READ_TIMEOUT <= 30
    assert transport.TOKEN_CALLS["connection_timeout"] <= transport.TOKEN_CALLS["read_timeout"] <= 30
    assert transport.TOKEN_CALLS["retry_total"] <= 2
