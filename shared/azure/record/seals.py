"""Signs with a key in Key Vault, and keeps signatures in a blob container.

Sources: Microsoft Learn, "About keys" (sign and verify take a digest), "Specifying conditional headers for Blob service
operations" (`If-None-Match: *` creates only), "Store business-critical blob data with immutable storage".
"""

from __future__ import annotations

from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.keyvault.keys import KeyClient, KeyVaultKeyIdentifier
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from azure.storage.blob import ContainerClient, ContentSettings

from shared.azure.errors import azure_call
from shared.core.settings import Settings
from shared.core.transport import TOKEN_CALLS
from shared.models.audit import Signature

_JSON = ContentSettings(content_type="application/json")


def open_seals(settings: Settings) -> AzureSeals:
    """The key and the container of the settings. Asks Azure for nothing yet."""
    identity = settings.identity_client_id or None
    credential = DefaultAzureCredential(managed_identity_client_id=identity, **TOKEN_CALLS)
    container = ContainerClient.from_container_url(settings.record_blob, credential=credential)
    return AzureSeals(settings.record_key, container, credential)


class AzureSeals:
    """Fulfils `shared.ports.seals.Seals`. `connection` are options of the SDK's clients."""

    def __init__(self, key: str, container: ContainerClient, credential: Any, **connection: Any) -> None:
        self._id, self._container = KeyVaultKeyIdentifier(key), container
        self._credential, self._connection = credential, connection
        self._known: dict[str, tuple[CryptographyClient, SignatureAlgorithm]] = {}

    def sign(self, digest: bytes) -> Signature:
        """Sign with the newest version of the key, or with the one that the setting names."""
        with azure_call("sign the record"):
            client, algorithm = self._client(self._id.version or "")
            made = client.sign(algorithm, digest)
        return Signature(made.key_id or "", algorithm.value, made.signature)

    def is_valid(self, digest: bytes, signature: Signature) -> bool:
        """Checked here, with the public part of the key that the vault gives out."""
        try:
            named = KeyVaultKeyIdentifier(signature.key)
        except ValueError:
            return False
        if (named.vault_url, named.name) != (self._id.vault_url, self._id.name) or not named.version:
            return False
        try:
            with azure_call("read the key of the record"):
                client, algorithm = self._client(named.version)
                found = client.verify(algorithm, digest, signature.value)
        except ValueError:  # a signature of another length
            return False
        return bool(found.is_valid) and algorithm.value == signature.algorithm

    def keep(self, name: str, text: str) -> bool:
        """Upload with `If-None-Match: *`."""
        with azure_call("store a signature of the record"):
            try:
                self._container.upload_blob(
                    name, text.encode(), content_settings=_JSON, match_condition=MatchConditions.IfMissing
                )
            except (ResourceExistsError, ResourceModifiedError):
                return False
        return True

    def read(self, name: str) -> str | None:
        """Download."""
        with azure_call("read a signature of the record"):
            try:
                content: bytes = self._container.download_blob(name).readall()
            except ResourceNotFoundError as error:
                if getattr(error, "error_code", "") == "ContainerNotFound":
                    raise
                return None
        return content.decode(errors="replace")

    def _client(self, version: str) -> tuple[CryptographyClient, SignatureAlgorithm]:
        if version not in self._known:
            keys = KeyClient(self._id.vault_url, self._credential, **self._connection)
            key = keys.get_key(self._id.name, version or None)
            elliptic = str(getattr(key.key_type, "value", key.key_type)).startswith("EC")
            algorithm = SignatureAlgorithm.es256 if elliptic else SignatureAlgorithm.rs256
            client = CryptographyClient(key, self._credential, **self._connection)
            if not version:
                return client, algorithm  # the next signature may be by a newer version
            self._known[version] = client, algorithm
        return self._known[version]
