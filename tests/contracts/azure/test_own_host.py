"""URLs from answers and rows are followed only to the endpoint's own host."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureRefused
from tests.contracts.azure.conftest import POOL, vm
from tests.contracts.azure.scripted_arm import ENDPOINT, Scripted, said

FOREIGN = [
    "http://elsewhere.invalid/status",
    f"{ENDPOINT}.elsewhere.invalid/status",
    f"{ENDPOINT}:8080/status",
    f"{ENDPOINT.replace('http://', 'http://scripted.invalid@elsewhere.')}/status",
    f"{ENDPOINT.replace('http', 'https')}/status",
]


@pytest.mark.parametrize("url", FOREIGN)
@pytest.mark.parametrize("header", ["Location", "Azure_AsyncOperation"])
def test_an_operation_on_another_host_is_not_polled(url: str, header: str) -> None:
    azure = Scripted(said(202, **{header: url}), said(200, {"status": "Succeeded"}))
    started = azure.vms.start_deallocate(vm(1))
    with pytest.raises(AzureRefused, match="is not on this endpoint"):
        azure.vms.resume(started)
    assert len(azure.requests) == 1


@pytest.mark.parametrize("url", FOREIGN)
def test_a_next_link_to_another_host_is_not_followed(url: str) -> None:
    azure = Scripted(said(200, {"value": [], "nextLink": url}), said(200, {"value": []}))
    with pytest.raises(AzureRefused, match="is not on this endpoint"):
        azure.host_pools.session_hosts(POOL)
    assert len(azure.requests) == 1


@pytest.mark.parametrize("url", FOREIGN)
def test_a_redirect_to_another_host_is_not_followed(url: str) -> None:
    azure = Scripted(said(307, Location=url), said(200, {"value": []}))
    with pytest.raises(AzureRefused):
        azure.host_pools.session_hosts(POOL)
    assert len(azure.requests) == 1


def test_links_on_the_endpoint_are_followed() -> None:
    azure = Scripted(
        said(200, {"value": [], "nextLink": f"{ENDPOINT.replace('scripted', 'SCRIPTED')}:80/next"}),
        said(200, {"value": []}),
    )
    assert azure.host_pools.session_hosts(POOL) == []
    assert len(azure.requests) == 2
