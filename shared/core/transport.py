"""The HTTP connections of the Azure SDK clients: one session per simultaneous call, without retries."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any

import requests
from azure.core.exceptions import ClientAuthenticationError, IncompleteReadError, ServiceResponseError
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import Retry

KEPT = 32
"""Maximum number of idle sessions; about the number of threads of a worker."""
HOSTS, EACH = 4, 2
"""How many servers a session keeps connections to (ARM or Table Storage, and redirect targets), and how many to each:
the next call may begin while an answer is still being read."""

TOKEN_CALLS: dict[str, Any] = {
    "connection_timeout": 3.0, "read_timeout": 10.0, "retry_total": 1, "retry_backoff_factor": 0.2,
}  # fmt: skip
"""How a credential of azure-identity asks for a token, times in seconds. By default it waits for five minutes and tries
for more than one, in the middle of a call (azure-identity 1.27, `_internal/pipeline.py`, `_credentials/imds.py`)."""

_NO_ANSWER = re.compile(
    r"timed out|failed to establish|connection (aborted|reset|refused)|expecting value", re.IGNORECASE
)


def token_may_come(error: Exception) -> bool:
    """Whether there is no token only because the identity's endpoint did not answer, or not with JSON.

    A chain of credentials repeats the errors of its members only as text (azure-identity 1.27, `chained.py`).
    """
    if not isinstance(error, ClientAuthenticationError) or error.response is not None:
        return False
    return _NO_ANSWER.search(str(error)) is not None


class Connections(HttpTransport[Any, Any]):
    """Sends each call through a session of its own, which later calls reuse. Several clients may share this.

    A session shared by all threads has one lock for its connections: with 32 threads, most waited for it although Azure
    had answered. Besides, `requests` does not promise that sessions are thread-safe.
    """

    def __init__(self, connect_timeout: float, read_timeout: float) -> None:
        """Times in seconds."""
        self._timeouts = {"connection_timeout": connect_timeout, "read_timeout": read_timeout}
        self._idle: deque[RequestsTransport] = deque()

    def send(self, request: Any, **how: Any) -> Any:
        """Send one request. Raises azure-core's ServiceRequestError and ServiceResponseError.

        An answer that breaks off is the latter, too. azure-core has a refusal for it without a response, on which the
        client of the tables fails with an AttributeError.
        """
        try:
            mine = self._idle.pop()
        except IndexError:
            mine = RequestsTransport(session=_session(), session_owner=False, **self._timeouts)
        try:
            answer = mine.send(request, **how)
            if _has_broken_off(request, answer):
                raise ServiceResponseError("The answer broke off in its headers.")
            return answer
        except (IncompleteReadError, requests.RequestException) as error:
            raise ServiceResponseError(error, error=error) from error
        finally:
            if len(self._idle) < KEPT:
                self._idle.append(mine)
            else:
                mine.session.close()  # a response that is being read stays open

    def open(self) -> None:
        """Does nothing: calls open the connections they need."""

    def close(self) -> None:
        """Close all idle connections. Later calls open new ones."""
        with suppress(IndexError):
            while True:
                self._idle.pop().session.close()

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _has_broken_off(request: Any, answer: Any) -> bool:
    """Whether a success has neither a body nor its length. `http.client` takes headers that break off for complete.

    Reads the body, which a transaction of the tables would read later. Raises requests' errors.
    """
    given: requests.Response = answer.internal_response
    framed = "Content-Length" in given.headers or "Transfer-Encoding" in given.headers
    return not given.content and not framed and given.status_code == 200 and request.method != "HEAD"


def _session() -> requests.Session:
    session = requests.Session()
    session.auth = _as_it_is
    never = Retry(total=False, redirect=False, raise_on_status=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=HOSTS, pool_maxsize=EACH, max_retries=never))
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the request unchanged: the SDK has signed it, and requests would otherwise override that with ~/.netrc."""
    return request
