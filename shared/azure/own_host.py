"""Sends requests only to the endpoint's own host: URLs in answers and in stored operations come from outside."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.core.plain_text import one_line


class ForeignUrl(AzureError):
    """A next link, a redirect or an operation names another host. Nothing was sent."""


class OwnHost(SansIOHTTPPolicy[Any, Any]):
    """Place it before the policy that attaches the token, and after the one that follows redirects."""

    def __init__(self, endpoint: str) -> None:
        self._own = _origin(endpoint)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Raises ForeignUrl."""
        url = str(request.http_request.url)
        if _origin(url) != self._own:
            raise ForeignUrl(f"the URL {one_line(url, 100)} is not on this endpoint and was not called")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", "", None
