"""The HTTP connections of the Azure SDK clients: as many as there are calls at a time, with no retry of their own."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any

import requests
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import Retry

KEPT = 32
"""Sessions that are kept while no call uses them: as many as a worker has threads, as a rule."""
HOSTS, EACH = 4, 2
"""Hosts to which a session keeps connections (ARM or Table Storage, and where it redirects to), and how many: an answer
may still be read when the next call has begun."""


class Connections(HttpTransport[Any, Any]):
    """Sends each call through a session that no other call uses meanwhile; it is kept for a later one.

    One session for all threads has one lock for all its connections: with 32 threads, most of them waited for it while
    Azure had answered already. Its authors do not call it safe for threads either. Several clients may share this.
    """

    def __init__(self, connect_timeout: float, read_timeout: float) -> None:
        """Times in seconds."""
        self._timeouts = {"connection_timeout": connect_timeout, "read_timeout": read_timeout}
        self._idle: deque[RequestsTransport] = deque()

    def send(self, request: Any, **how: Any) -> Any:
        """Send one request. Raises azure-core's ServiceRequestError and ServiceResponseError."""
        try:
            mine = self._idle.pop()
        except IndexError:
            mine = RequestsTransport(session=_session(), session_owner=False, **self._timeouts)
        try:
            return mine.send(request, **how)
        finally:
            if len(self._idle) < KEPT:
                self._idle.append(mine)
            else:
                mine.session.close()  # but for an answer that is still read

    def open(self) -> None:
        """Nothing to do: connections are opened by the calls that need them."""

    def close(self) -> None:
        """Close the connections that no call uses; the next calls open new ones."""
        with suppress(IndexError):
            while True:
                self._idle.pop().session.close()

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _session() -> requests.Session:
    session = requests.Session()
    session.auth = _as_it_is
    never = Retry(total=False, redirect=False, raise_on_status=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=HOSTS, pool_maxsize=EACH, max_retries=never))
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The SDK has signed it. Without this, `~/.netrc` would be looked for at every call, and would count more."""
    return request
