"""The SDK clients: one per identity and subscription, built on first use, sharing one connection pool.

They use our own pipeline, because the generated one waits inside a call: its retry policy sleeps for Retry-After, and
its resource provider policy registers a missing provider and polls every 10 s without end (azure-core 1.41,
azure-mgmt-core 1.6). Here the durable timer does the waiting. The pipeline logs nothing: bodies hold secrets.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse, policies
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.desktopvirtualization import DesktopVirtualizationMgmtClient

from shared.azure.own_host import OwnHost
from shared.azure.throttle import WritesLeft
from shared.core import arm_ids
from shared.core.asking import asker
from shared.core.settings import Settings
from shared.core.transport import TOKEN_CALLS, Connections

log = logging.getLogger("freshcoat.azure")

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 20.0
"""Seconds. ARM answers a call within a few; long operations are only started by a call."""


class NoToken(SansIOHTTPPolicy[Any, Any]):
    """For the simulated Azure: azure-core refuses to send a bearer token over plain http."""

    def __init__(self, identity: str = "") -> None:
        super().__init__()
        self._identity = identity

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Say which identity asks, where a token would say so. The app's own is not named."""
        if self._identity:
            request.http_request.headers["Authorization"] = f"Simulated {self._identity}"


class SaysWhoWasRefused(SansIOHTTPPolicy[Any, Any]):
    """Logs which identity lacked a right."""

    def __init__(self, identity: str) -> None:
        super().__init__()
        self._identity = identity

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """The path is logged without its query, and nothing of the bodies."""
        if response.http_response.status_code == 403:
            sent = request.http_request
            who = f"identity {self._identity}" if self._identity else "the app's own identity"
            log.warning("Azure refused %s to %s: %s", who, sent.method, str(sent.url).partition("?")[0])


class Correlation(SansIOHTTPPolicy[Any, Any]):
    """Sends the correlation id of the current work, which Azure's activity log then shows.

    Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling and the
    common headers of Resource Manager (`x-ms-correlation-request-id`).
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Add the header, if the work has a correlation id."""
        if correlation := asker().correlation:
            request.http_request.headers["x-ms-correlation-request-id"] = correlation


class _NoCredential:
    """Placeholder where the SDK requires a credential. Asking it for a token is a bug."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        raise RuntimeError("no token exists for an Azure over plain http")


def is_plain(endpoint: str) -> bool:
    """Whether this is the simulated Azure, which takes no token."""
    return endpoint.lower().startswith("http://")


def new_credential(endpoint: str, identity: str) -> Any:
    """The app's credential for this endpoint; `identity` is the client id of a user-assigned identity, or empty."""
    if is_plain(endpoint):
        return _NoCredential()
    if identity:
        return ManagedIdentityCredential(client_id=identity, **TOKEN_CALLS)
    return DefaultAzureCredential(**TOKEN_CALLS)


class ArmClients:
    """Clients by identity and subscription. Safe to share between threads.

    `identity_of` answers the client id of the identity that works in a subscription or resource group, empty for the
    app's own; it may read a table. `credential` and `transport` replace those built from the settings on first use; a
    given transport is not closed. `writes` collects the rate limits in the answers to the app's own identity; every
    other identity has limits of its own.
    """

    def __init__(
        self,
        settings: Settings,
        credential: TokenCredential | None = None,
        transport: HttpTransport[Any, Any] | None = None,
        writes: WritesLeft | None = None,
        identity_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._endpoint = settings.arm_endpoint.rstrip("/")
        self._identity = settings.identity_client_id
        self._identity_of = identity_of
        self._lock = Lock()
        self._writes = {"": writes or WritesLeft()}
        self._credentials = {} if credential is None else {"": credential}
        self._transport = transport
        self._owns_transport = transport is None
        self._pipelines: dict[tuple[str, str], ARMPipelineClient[Any, Any]] = {}
        self._computes: dict[tuple[str, str], ComputeManagementClient] = {}
        self._desktops: dict[tuple[str, str], DesktopVirtualizationMgmtClient] = {}

    def compute(self, subscription: str, group: str = "") -> ComputeManagementClient:
        """The compute client for a resource group, or for calls about the whole subscription."""
        return self._client(self._computes, ComputeManagementClient, self.identity(subscription, group), subscription)

    def desktops(self, subscription: str, group: str = "") -> DesktopVirtualizationMgmtClient:
        """The desktop virtualization client, likewise."""
        identity = self.identity(subscription, group)
        return self._client(self._desktops, DesktopVirtualizationMgmtClient, identity, subscription)

    def pipeline(self, subscription: str, group: str = "") -> ARMPipelineClient[Any, Any]:
        """The client for plain requests there, with the same policies and connections."""
        identity = self.identity(subscription, group)
        return self._client(self._pipelines, lambda *_, **how: ARMPipelineClient(**how), identity, "")

    def identity(self, subscription: str, group: str = "") -> str:
        """Client id of the identity that works there; empty for the app's own."""
        return self._identity_of(arm_ids.group_id(subscription, group))

    def writes(self, resource_id: str) -> WritesLeft:
        """The rate limits of the identity that works on this resource."""
        at = arm_ids.parse(resource_id)
        identity = self.identity(at.subscription, at.group)
        with self._lock:
            return self._writes_of(identity)

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        with self._lock:
            self._pipelines.clear()
            self._computes.clear()
            self._desktops.clear()
            if self._owns_transport and self._transport is not None:
                self._transport.close()
                self._transport = None

    def _writes_of(self, identity: str) -> WritesLeft:
        if identity not in self._writes:
            self._writes[identity] = self._writes[""].anew()
        return self._writes[identity]

    def _client[C](
        self, known: dict[tuple[str, str], C], build: Callable[..., C], identity: str, subscription: str
    ) -> C:
        key = (identity, subscription.lower())
        with self._lock:
            if key not in known:
                if identity not in self._credentials:
                    self._credentials[identity] = new_credential(self._endpoint, identity or self._identity)
                credential = self._credentials[identity]
                self._transport = self._transport or Connections(CONNECT_TIMEOUT, READ_TIMEOUT)
                known[key] = build(
                    credential,
                    subscription,
                    base_url=self._endpoint,
                    policies=self._policies(credential, identity),
                    transport=self._transport,
                )
            return known[key]

    @property
    def _plain(self) -> bool:
        return is_plain(self._endpoint)

    def _policies(self, credential: Any, identity: str) -> list[Any]:
        scope = f"{self._endpoint}/.default"
        return [
            policies.RequestIdPolicy(),
            Correlation(),
            policies.HeadersPolicy(),
            policies.UserAgentPolicy("freshcoat", user_agent_use_env=False),
            policies.ContentDecodePolicy(),
            policies.RedirectPolicy(),
            OwnHost(self._endpoint),
            NoToken(identity) if self._plain else ARMChallengeAuthenticationPolicy(credential, scope),
            policies.SensitiveHeaderCleanupPolicy(),
            SaysWhoWasRefused(identity or self._identity),
            self._writes_of(identity),
        ]
