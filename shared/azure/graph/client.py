"""Plain requests to Microsoft Graph, with the policies of the ARM clients: no waiting inside, nothing is logged."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock
from typing import Any

import jwt
from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.pipeline import policies
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from shared.azure.clients import NoToken, is_plain, new_credential
from shared.azure.errors import azure_call, refusal
from shared.azure.graph.pipeline import plain_client
from shared.azure.rest import items_of_pages, read_object
from shared.core.settings import Settings

Json = dict[str, Any]


class GraphClient:
    """One client, built on first use. `credential` and `transport` replace those built from the settings."""

    def __init__(
        self,
        settings: Settings,
        credential: TokenCredential | None = None,
        transport: HttpTransport[Any, Any] | None = None,
    ) -> None:
        self._endpoint = settings.graph_endpoint.rstrip("/")
        self._identity = settings.identity_client_id
        self._credential, self._transport = credential, transport
        self._lock = Lock()
        self._built: PipelineClient[Any, Any] | None = None

    def listed(self, call: str, path: str, **query: str) -> Iterator[Json]:
        """The items of a collection, page by page. `call` describes the read in words. Raises as `refusal` says."""
        first = self._read(call, HttpRequest("GET", f"{self._endpoint}/v1.0/{path}", params=query))
        return items_of_pages(first, "@odata.nextLink", lambda link: self._read(call, HttpRequest("GET", link)))

    def delete(self, call: str, path: str) -> None:
        """Delete one object. Raises AzureNotFound when it is gone."""
        with azure_call(call):
            answer = self._client().send_request(HttpRequest("DELETE", f"{self._endpoint}/v1.0/{path}"))
            if answer.status_code not in {200, 204}:
                raise refusal(call, answer)

    def roles(self) -> frozenset[str] | None:
        """The application rights in the `roles` claim of the access token. None when they are not known: a plain http
        endpoint takes no token, and a person's token lists scopes instead."""
        if self._plain:
            return None
        with azure_call("get a token for Microsoft Graph"):
            token = self._known_credential().get_token(self._scope).token
        claims = _claims(token)
        return None if claims is None or "scp" in claims else frozenset(claims.get("roles") or ())

    @property
    def _plain(self) -> bool:
        return is_plain(self._endpoint)

    @property
    def _scope(self) -> str:
        return f"{self._endpoint}/.default"

    def _read(self, call: str, request: HttpRequest) -> Json:
        return read_object(self._client(), call, request)

    def _known_credential(self) -> Any:
        with self._lock:
            self._credential = self._credential or new_credential(self._endpoint, self._identity)
            return self._credential

    def _client(self) -> PipelineClient[Any, Any]:
        credential = self._known_credential()
        with self._lock:
            if self._built is None:
                self._built = plain_client(
                    self._endpoint,
                    self._transport,
                    NoToken() if self._plain else policies.BearerTokenCredentialPolicy(credential, self._scope),
                    policies.SensitiveHeaderCleanupPolicy(),
                )
            return self._built


def _claims(token: str) -> Json | None:
    """The claims of a JSON Web Token, not verified: Graph itself decides. None for any other text."""
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
