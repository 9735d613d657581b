"""Every 503 says when to ask again, on every route and however it comes about."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Never

import azure.functions as func
import pytest

from shared.core.errors import AzureBusy
from shared.models.access.roles import Gate
from tests.fixtures.app import App, office
from triggers.http.contract import ENDPOINTS, Answer, Endpoint
from triggers.http.openapi import document
from triggers.http.respond import respond

PATH = {
    **dict.fromkeys(("pool", "account", "host"), "office"),
    **dict.fromkeys(("rollout", "task", "promotion"), "8206389999999-0980"),
    "image": "win11",
    "version": "2.0.0",
    "ring": "production",
    **dict.fromkeys(("key", "probe", "profile"), "pipeline"),
    "principal": ".".join(["11111111-2222-3333-4444-555555555555"] * 2),
}
EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")


def request(endpoint: Endpoint) -> func.HttpRequest:
    names = re.findall(r"{(\w+)}", endpoint.path)
    return func.HttpRequest(
        method=endpoint.method,
        url=f"http://test/api/{endpoint.path}",
        headers={"Content-Type": "application/json"},
        route_params={name: PATH[name] for name in names},
        body=b"",
    )


def says_when(answer: func.HttpResponse) -> bool:
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


@EVERY
def test_while_the_tables_cannot_be_reached(endpoint: Endpoint) -> None:
    def services() -> Never:
        raise AzureBusy("table Pools, create", None, "ServiceRequestError", "no connection")

    assert says_when(respond(endpoint, request(endpoint), services, None))


@EVERY
@pytest.mark.parametrize("seconds", [None, 0, 0.2, 17])
def test_while_azure_is_busy(endpoint: Endpoint, seconds: float | None) -> None:
    def busy(*_: object, **__: object) -> Never:
        raise AzureBusy("read", 429, "TooManyRequests", "later", retry_after=seconds)

    answer = answered(endpoint, busy)
    assert says_when(answer)
    assert answer.headers["Retry-After"] == {None: "30", 0: "30", 0.2: "1", 17: "17"}[seconds]


@EVERY
def test_whatever_a_handler_answers(endpoint: Endpoint) -> None:
    assert says_when(answered(endpoint, lambda *_, **__: Answer(None, status=503)))


def answered(endpoint: Endpoint, handler: Any) -> func.HttpResponse:
    """What the route answers with this handler in place of its own, which takes no body and knows everybody."""
    parts = {"takes": None, "takes_any": False, "patches": None, "query": None, "conditional": False}
    bare = replace(endpoint, handler=handler, needs=Gate.OPEN, **parts)
    return respond(bare, request(endpoint), lambda: office().services, None)


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.method == "GET"], ids=lambda one: one.path)
def test_while_every_table_is_busy(endpoint: Endpoint) -> None:
    app = office()
    for table in vars(app.tables).values():
        for method in ("find", "all", "page"):
            table.failures[method] = [AzureBusy("table", 503, "ServerBusy", "later")] * 99
    path = re.sub(r"{(\w+)}", lambda found: PATH[found[1]], endpoint.path)
    query = "?host_pool_id=x" if "registr" in path else ""
    reply = app.send("GET", f"/api/{path}{query}")
    assert reply.status in {200, 400, 404, 503}, reply.text
    assert reply.status != 503 or int(reply.headers["Retry-After"]) > 0


def test_the_document_says_so() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert "Retry-After" in operation["responses"]["503"].get("headers", {}), (method, path)


def test_health_before_the_first_check() -> None:
    app = App()
    app.health.behind = lambda _: None
    reply = app.send("GET", "/api/health")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "10")
