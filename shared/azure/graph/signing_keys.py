"""Reads the public keys with which Entra ID signs tokens.

Source: https://learn.microsoft.com/entra/identity-platform/access-tokens (validate the signature).
"""

from __future__ import annotations

from typing import Any

from azure.core import PipelineClient
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from shared.azure.graph.pipeline import plain_client
from shared.azure.rest import read_object
from shared.core.settings import Settings


class EntraSigningKeys:
    """Fulfils `shared.ports.identity.SigningKeySource`. `transport` replaces the usual one."""

    def __init__(self, settings: Settings, transport: HttpTransport[Any, Any] | None = None) -> None:
        self._endpoint = settings.entra_endpoint.rstrip("/")
        self._transport = transport
        self._built: PipelineClient[Any, Any] | None = None

    def read(self) -> list[dict[str, Any]]:
        """The keys of all tenants, from the `common` key set."""
        request = HttpRequest("GET", f"{self._endpoint}/common/discovery/v2.0/keys")
        found = read_object(self._client(), "read the signing keys of Entra ID", request).get("keys")
        return [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []

    def _client(self) -> PipelineClient[Any, Any]:
        if self._built is None:
            self._built = plain_client(self._endpoint, self._transport)
        return self._built
