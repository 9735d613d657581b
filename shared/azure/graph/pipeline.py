"""The pipeline of plain requests beside ARM, with the policies of its clients: no waiting inside, nothing is logged."""

from __future__ import annotations

from typing import Any

from azure.core import PipelineClient
from azure.core.pipeline import policies
from azure.core.pipeline.transport import HttpTransport

from shared.azure.clients import CONNECT_TIMEOUT, READ_TIMEOUT
from shared.azure.own_host import OwnHost
from shared.core.transport import Connections


def plain_client(endpoint: str, transport: HttpTransport[Any, Any] | None, *signing: Any) -> PipelineClient[Any, Any]:
    """A client for this endpoint alone. `signing`: the policies that say who asks."""
    return PipelineClient(
        endpoint,
        policies=[
            policies.RequestIdPolicy(),
            policies.UserAgentPolicy("freshcoat", user_agent_use_env=False),
            policies.ContentDecodePolicy(),
            OwnHost(endpoint),
            *signing,
        ],
        transport=transport or Connections(CONNECT_TIMEOUT, READ_TIMEOUT),
    )
