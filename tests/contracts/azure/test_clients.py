"""The SDK clients: one per subscription, no waiting inside, safe between threads."""

from __future__ import annotations

import importlib
import logging
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

from local.sim.core import names
from shared.azure.clients import ArmClients, new_credential
from shared.azure.scripts import registration_script
from shared.core.arm_ids import definition_of, last, parse, pinned_version
from shared.core.asking import Asker, asking
from shared.core.errors import AzureNotFound, AzureRefused
from shared.core.settings import Settings
from tests.contracts.azure.conftest import POOL, Azure, vm
from tests.contracts.azure.scripted_arm import ENDPOINT, Scripted, said

THREADS = 32
"""As many as a worker has."""


class Remembers:
    """A credential that writes down which scope it was asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        raise RuntimeError("asked")


def test_a_client_is_built_once_per_subscription(azure: Azure) -> None:
    first = azure.clients.compute(names.SUBSCRIPTION)

    assert azure.clients.compute(names.SUBSCRIPTION.upper()) is first
    assert azure.clients.compute(names.FORBIDDEN_SUBSCRIPTION) is not first
    assert azure.clients.desktops(names.SUBSCRIPTION) is azure.clients.desktops(names.SUBSCRIPTION)


def test_many_threads_share_the_connections(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(lambda _: azure.vms.find(vm(1)), range(96)))

    assert all(found)
    assert "pool is full" not in caplog.text


def test_over_https_the_token_is_for_arm_itself() -> None:
    credential = Remembers()
    clients = ArmClients(Settings(arm_endpoint="https://management.usgovcloudapi.net/"), credential)

    with pytest.raises(RuntimeError, match="asked"):
        clients.compute(names.SUBSCRIPTION).virtual_machines.get("g", "v")
    assert credential.scopes == ["https://management.usgovcloudapi.net/.default"]


def test_the_identity_is_the_managed_one_that_is_named() -> None:
    named = ArmClients(Settings(identity_client_id="11111111-1111-4111-8111-111111111111"))
    unnamed = ArmClients(Settings())
    for clients in (named, unnamed):
        clients.compute(names.SUBSCRIPTION)

    assert isinstance(named._credentials[""], ManagedIdentityCredential)
    assert isinstance(unnamed._credentials[""], DefaultAzureCredential)


def test_clients_closed_open_again(azure: Azure) -> None:
    assert azure.vms.find(vm(1)) is not None
    azure.clients.close()
    azure.clients.close()
    assert azure.vms.find(vm(1)) is not None


def test_nothing_in_the_pipeline_waits_or_logs(azure: Azure) -> None:
    """The generated one retries with sleeps, and registers a missing resource provider and polls until it is there."""
    steps = azure.clients.compute(names.SUBSCRIPTION)._client._pipeline._impl_policies
    used = {type(getattr(step, "_policy", step)).__name__ for step in steps}

    assert {"RequestIdPolicy", "ContentDecodePolicy", "NoToken"} <= used
    assert not [name for name in used if "Retry" in name or "Registration" in name or "Logging" in name]


def test_ids_are_parsed_and_invalid_ones_refused() -> None:
    at = parse(names.DEFINITION_ID, depth=2)

    assert (at.subscription, at.group, at.names) == (names.SUBSCRIPTION, names.GROUP, ("gal", "win11-office"))
    for wrong in ("", "/", vm(1) + "/extensions/x", "/subscriptions//resourceGroups/g/providers/n/t/x"):
        with pytest.raises(AzureNotFound):
            parse(wrong)
    assert (last("pool/host.fqdn"), last("host.fqdn")) == ("host.fqdn", "host.fqdn")


def test_an_image_id_is_a_definition_with_or_without_a_version() -> None:
    pinned, latest = names.version_id("1.2.3"), names.version_id("latest")

    assert {definition_of(image) for image in (pinned, latest, names.DEFINITION_ID)} == {names.DEFINITION_ID}
    assert [pinned_version(image) for image in (pinned, latest, names.DEFINITION_ID)] == ["1.2.3", None, None]


def test_the_registration_script_is_packaged_and_accepts_its_parameters() -> None:
    script = registration_script()
    parameters = re.findall(r"\[string\] \$(\w+)", script.split("$ErrorActionPreference")[0])

    assert parameters == ["AgentUrl", "BootLoaderUrl", "RegistrationToken", "ChangeTag", "Attempt"]
    assert "IsRegistered" in script and "exit 1" in script
    assert script.isascii()


def test_reading_the_script_needs_no_sdk() -> None:
    for name in [name for name in sys.modules if name.startswith("shared.azure.scripts")]:
        del sys.modules[name]
    before = set(sys.modules)
    importlib.import_module("shared.azure.scripts")

    assert not [name for name in set(sys.modules) - before if name.startswith("azure")]


def test_no_token_is_requested_over_plain_http() -> None:
    with pytest.raises(RuntimeError, match="plain http"):
        new_credential("http://127.0.0.1:9", "").get_token("x")


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


def test_calls_carry_the_correlation_id_of_who_asks() -> None:
    arm = Scripted(said(404, {}), said(404, {}))
    with asking(Asker(correlation="5b0f2a51-3a55-4c0e-9d0b-6b7f3d1f0c4e")):
        assert arm.vms.find(vm(1)) is None
    assert arm.vms.find(vm(1)) is None
    sent = [request.headers.get("x-ms-correlation-request-id") for request in arm.requests]
    assert sent == ["5b0f2a51-3a55-4c0e-9d0b-6b7f3d1f0c4e", None]
