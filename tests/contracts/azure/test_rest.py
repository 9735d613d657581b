"""Plain reads ask what the generated clients ask, and take what is no answer for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from local.sim.core import names
from shared.core import arm_ids
from shared.core.errors import AzureBusy, AzureNotFound
from tests.contracts.azure.conftest import POOL, host, vm
from tests.contracts.azure.scripted_arm import ENDPOINT, Scripted, said

AT, DISK = arm_ids.parse(POOL), f"{vm(1).rpartition('/')[0].replace('virtualMachines', 'disks')}/os-1"
GROUP = arm_ids.parse(vm(1)).group


def _compute(azure: Scripted) -> Any:
    return azure.clients.compute(names.SUBSCRIPTION)


def _desktops(azure: Scripted) -> Any:
    return azure.clients.desktops(names.SUBSCRIPTION)


SAME: dict[str, tuple[Callable[[Scripted], Any], Callable[[Scripted], Any]]] = {
    "a machine": (
        lambda azure: azure.vms.find(vm(1)),
        lambda azure: _compute(azure).virtual_machines.get(GROUP, "office-0001", expand="instanceView"),
    ),
    "a disk": (
        lambda azure: azure.vms.disk(DISK),
        lambda azure: _compute(azure).disks.get(GROUP, "os-1"),
    ),
    "a session host": (
        lambda azure: azure.host_pools.session_host(POOL, host(1)),
        lambda azure: _desktops(azure).session_hosts.get(AT.group, AT.name, host(1)),
    ),
    "session hosts": (
        lambda azure: azure.host_pools.session_hosts(POOL),
        lambda azure: list(_desktops(azure).session_hosts.list(AT.group, AT.name)),
    ),
    "sessions": (
        lambda azure: azure.host_pools.user_sessions(POOL),
        lambda azure: list(_desktops(azure).user_sessions.list_by_host_pool(AT.group, AT.name)),
    ),
    "sessions of a host": (
        lambda azure: azure.host_pools.host_sessions(POOL, host(1)),
        lambda azure: list(_desktops(azure).user_sessions.list(AT.group, AT.name, host(1))),
    ),
}


def _asked(request: requests.PreparedRequest) -> tuple[str | None, str, dict[str, list[str]], str]:
    parts = urlsplit(str(request.url))
    return request.method, parts.path, parse_qs(parts.query), request.headers["Accept"]


@pytest.mark.parametrize("what", SAME)
def test_requests_match_those_of_the_generated_client(what: str) -> None:
    body = {"id": vm(1), "name": "office-0001", "location": "westeurope", "value": []}
    azure = Scripted(said(200, body), said(200, body))
    ours, theirs = SAME[what]

    ours(azure)
    theirs(azure)

    first, second = azure.requests
    assert _asked(first) == _asked(second)
    assert {"User-Agent", "x-ms-client-request-id"} <= set(first.headers) & set(second.headers)


def test_vms_are_listed_as_by_the_generated_client() -> None:
    azure = Scripted(*[said(200, {"value": []})] * 4)

    azure.vms.find_many([vm(number) for number in range(1, 6)])
    list(_compute(azure).virtual_machines.list_all(status_only="true"))
    list(_compute(azure).virtual_machines.list(GROUP.lower()))

    powers, machines, *theirs = map(_asked, azure.requests)
    assert [powers, machines] == theirs


def test_a_list_continues_at_its_next_link() -> None:
    following = f"{ENDPOINT}/elsewhere?$skipToken=a%2Fb&api-version=1"
    azure = Scripted(
        said(200, {"value": [{"name": "hp/one"}], "nextLink": following}),
        said(200, {"value": [{"name": "hp/TWO"}], "nextLink": ""}),
    )

    found = azure.host_pools.session_hosts(POOL)

    assert [one.name for one in found] == ["one", "two"]
    assert str(azure.requests[1].url) == following


@pytest.mark.parametrize("body", ["<html>a proxy's page</html>", [], None])
def test_invalid_responses_are_transient(body: Any) -> None:
    with pytest.raises(AzureBusy):
        Scripted(said(200, body)).host_pools.session_hosts(POOL)


def test_a_pool_deleted_during_a_list_is_not_found() -> None:
    first = said(200, {"value": [{"name": "hp/one"}], "nextLink": f"{ENDPOINT}/next"})
    azure = Scripted(first, said(404, {"error": {"code": "ResourceNotFound", "message": "no such pool"}}))

    with pytest.raises(AzureNotFound, match="no such pool"):
        azure.host_pools.session_hosts(POOL)
