"""The SDK clients: one per subscription, built on first use, sharing one connection pool.

They use our own pipeline, because the generated one waits inside a call: its retry policy sleeps for Retry-After, and
its resource provider policy registers a missing provider and polls every 10 s without end (azure-core 1.41,
azure-mgmt-core 1.6). Here the durable timer does the waiting. The pipeline logs nothing: bodies hold secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineRequest, policies
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.desktopvirtualization import DesktopVirtualizationMgmtClient

from shared.azure.own_host import OwnHost
from shared.azure.throttle import WritesLeft
from shared.core.asking import asker
from shared.core.settings import Settings
from shared.core.transport import TOKEN_CALLS, Connections

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 20.0
"""Seconds. ARM answers a call within a few; long operations are only started by a call."""


class NoToken(SansIOHTTPPolicy[Any, Any]):
    """For the simulated Azure: azure-core refuses to send a bearer token over plain http."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Send no Authorization header."""


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
    """Clients by subscription. Safe to share between threads.

    `credential` and `transport` replace those built from the settings on first use; a given transport is not closed.
    `writes` collects the rate limits in the answers to all clients.
    """

    def __init__(
        self,
        settings: Settings,
        credential: TokenCredential | None = None,
        transport: HttpTransport[Any, Any] | None = None,
        writes: WritesLeft | None = None,
    ) -> None:
        self._endpoint = settings.arm_endpoint.rstrip("/")
        self._identity = settings.identity_client_id
        self._lock = Lock()
        self.writes = writes or WritesLeft()
        self._credential = credential
        self._transport = transport
        self._owns_transport = transport is None
        self._pipelines: dict[str, ARMPipelineClient[Any, Any]] = {}
        self._computes: dict[str, ComputeManagementClient] = {}
        self._desktops: dict[str, DesktopVirtualizationMgmtClient] = {}

    def compute(self, subscription: str) -> ComputeManagementClient:
        """The compute client of a subscription."""
        return self._client(self._computes, ComputeManagementClient, subscription)

    def desktops(self, subscription: str) -> DesktopVirtualizationMgmtClient:
        """The desktop virtualization client of a subscription."""
        return self._client(self._desktops, DesktopVirtualizationMgmtClient, subscription)

    def pipeline(self) -> ARMPipelineClient[Any, Any]:
        """The client for plain requests to any subscription, with the same policies and connections."""
        return self._client(self._pipelines, lambda *_, **how: ARMPipelineClient(**how), "")

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        with self._lock:
            self._pipelines.clear()
            self._computes.clear()
            self._desktops.clear()
            if self._owns_transport and self._transport is not None:
                self._transport.close()
                self._transport = None

    def _client[C](self, known: dict[str, C], build: Callable[..., C], subscription: str) -> C:
        key = subscription.lower()
        with self._lock:
            if key not in known:
                credential = self._credential = self._credential or new_credential(self._endpoint, self._identity)
                self._transport = self._transport or Connections(CONNECT_TIMEOUT, READ_TIMEOUT)
                known[key] = build(
                    credential,
                    subscription,
                    base_url=self._endpoint,
                    policies=self._policies(credential),
                    transport=self._transport,
                )
            return known[key]

    @property
    def _plain(self) -> bool:
        return is_plain(self._endpoint)

    def _policies(self, credential: Any) -> list[Any]:
        scope = f"{self._endpoint}/.default"
        return [
            policies.RequestIdPolicy(),
            Correlation(),
            policies.HeadersPolicy(),
            policies.UserAgentPolicy("freshcoat", user_agent_use_env=False),
            policies.ContentDecodePolicy(),
            policies.RedirectPolicy(),
            OwnHost(self._endpoint),
            NoToken() if self._plain else ARMChallengeAuthenticationPolicy(credential, scope),
            policies.SensitiveHeaderCleanupPolicy(),
            self.writes,
        ]
