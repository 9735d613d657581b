"""Answers by script, for what the simulated Azure never says: a transport under the real SDK clients."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from shared.azure.clients import ArmClients
from shared.azure.gallery import AzureGallery
from shared.azure.governance import AzureGovernance
from shared.azure.host_pools import AzureHostPools
from shared.azure.image_builder import AzureImageBuilder
from shared.azure.throttle import AzureArmBudget, WritesLeft
from shared.azure.virtual_machines import AzureVirtualMachines
from shared.core.settings import Settings

ENDPOINT = "http://scripted.invalid"


def said(status: int, body: Any = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """An answer; header names with `_` for `-`. A body that is text is no JSON."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str):
        return status, body.encode(), {"Content-Type": "text/html", **names}
    content = b"" if body is None else json.dumps(body).encode()
    return status, content, {"Content-Type": "application/json", **names}


class Scripted(BaseAdapter):
    """Gives the answers in order, and remembers method and path of what was asked, and the requests themselves. `now`
    counts seconds, by hand."""

    def __init__(
        self,
        *answers: tuple[int, bytes, dict[str, str]],
        identity_of: Callable[[str], str] = lambda _: "",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.requests: list[requests.PreparedRequest] = []
        self.now = 0.0
        session = requests.Session()
        session.mount("http://", self)
        transport = RequestsTransport(session=session, session_owner=False)
        given = Settings(arm_endpoint=ENDPOINT, **(settings or {}))
        self.clients = clients = ArmClients(
            given, transport=transport, writes=WritesLeft(lambda: self.now), identity_of=identity_of
        )
        self.vms = AzureVirtualMachines(clients, given)
        self.host_pools = AzureHostPools(clients, lambda: datetime.now(UTC))
        self.gallery = AzureGallery(clients)
        self.image_builder = AzureImageBuilder(clients)
        self.governance = AzureGovernance(clients)
        self.arm_budget = AzureArmBudget(clients.writes)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        self.asked.append((str(request.method), str(request.url).split("?")[0].removeprefix(ENDPOINT)))
        status, content, headers = self._answers.pop(0)
        return _response(request, status, content, headers)

    def close(self) -> None:
        """Nothing is open."""


def _response(
    request: requests.PreparedRequest, status: int, content: bytes, headers: Mapping[str, str]
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers.update(headers)
    response.raw = HTTPResponse(body=io.BytesIO(content), preload_content=False, headers=dict(headers), status=status)
    return response
