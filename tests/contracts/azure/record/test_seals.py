"""The SDKs of Key Vault and of blobs, against a simulated vault with a real key, and Azurite."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.storage.blob import ContainerClient

from local.sim.vault import SimulatedVault
from local.stack.processes import Child, bypass_proxies, free_port, listens, wait_until
from shared.azure.record.seals import AzureSeals
from shared.core.errors import AzureBusy, AzureNotFound

MAIN = Path(__file__).parents[4] / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "devstoreaccount1"
PUBLISHED_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
DIGEST = hashlib.sha256(b"heads").digest()
CREDENTIAL: Any = SimpleNamespace(get_token=lambda *_, **__: AccessToken("made-up", 4_000_000_000))


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVault]:
    bypass_proxies()
    made = SimulatedVault(tmp_path_factory.mktemp("vault"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerClient]:
    bypass_proxies()
    port, log = free_port(), tmp_path_factory.mktemp("blobs") / "azurite.log"
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    child = Child("Azurite", [shutil.which("node") or "node", str(MAIN), "--blobPort", str(port), *options], log=log)
    try:
        wait_until(lambda: listens(port), child, seconds=30)
        made = ContainerClient.from_container_url(f"http://127.0.0.1:{port}/{ACCOUNT}/record", credential=PUBLISHED_KEY)
        made.create_container()
        yield made
    finally:
        child.stop()


def seals_of(vault: SimulatedVault, container: Any = None, key: str = "") -> AzureSeals:
    how = {"connection_verify": str(vault.certificate), "verify_challenge_resource": False, "retry_total": 0}
    return AzureSeals(key or vault.key_id, container, CREDENTIAL, **how)


def test_a_digest_is_signed_by_the_newest_version_and_checked_by_the_one_that_signed(vault: SimulatedVault) -> None:
    seals = seals_of(vault)
    first = seals.sign(DIGEST)
    assert (first.key, first.algorithm) == (f"{vault.key_id}/v1", "RS256")
    vault.rotate()
    second = seals.sign(DIGEST)
    assert second.key == f"{vault.key_id}/v2"
    for made in (first, second):
        assert seals_of(vault).is_valid(DIGEST, made)
        assert not seals.is_valid(hashlib.sha256(b"others").digest(), made)
    assert not seals.is_valid(DIGEST, replace(first, key=second.key))
    assert not seals.is_valid(DIGEST, replace(first, value=b"short"))
    assert not seals.is_valid(DIGEST, replace(first, algorithm="ES256"))


@pytest.mark.parametrize("key", ["https://other.vault.azure.net/keys/record/v1", "no key", ""])
def test_a_signature_by_another_key_proves_nothing(vault: SimulatedVault, key: str) -> None:
    seals = seals_of(vault)
    assert not seals.is_valid(DIGEST, replace(seals.sign(DIGEST), key=key))


def test_a_key_that_is_not_there_and_a_vault_that_cannot_be_reached_are_errors_of_azure(vault: SimulatedVault) -> None:
    with pytest.raises(AzureNotFound):
        seals_of(vault, key=vault.key_id.replace("record", "gone")).sign(DIGEST)
    with pytest.raises(AzureBusy):
        seals_of(vault, key=f"https://127.0.0.1:{free_port()}/keys/record").sign(DIGEST)


def test_a_text_is_stored_once_and_never_overwritten(vault: SimulatedVault, container: ContainerClient) -> None:
    seals = seals_of(vault, container)
    assert seals.read("heads/2026-11.json") is None
    assert seals.keep("heads/2026-11.json", "signed")
    assert not seals.keep("heads/2026-11.json", "forged")
    assert seals.read("heads/2026-11.json") == "signed"


def test_a_container_that_is_not_there_is_no_month_without_a_signature(
    vault: SimulatedVault, container: ContainerClient
) -> None:
    gone = ContainerClient.from_container_url(container.url.replace("/record", "/gone"), credential=PUBLISHED_KEY)
    with pytest.raises(AzureNotFound):
        seals_of(vault, gone).read("heads/2026-11.json")
