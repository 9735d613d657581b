"""The HTTP connections of the Azure SDK clients: enough for every thread of a worker, with no retry of their own."""

from __future__ import annotations

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import Retry

CONNECTIONS = 32
"""Calls a client can have under way at a time; as many as a worker has threads."""


def pooled_transport(connect_timeout: float, read_timeout: float) -> RequestsTransport:
    """A transport that several clients may share; times in seconds. Its session is closed by whoever made it."""
    session = requests.Session()
    never = Retry(total=False, redirect=False, raise_on_status=False)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS, max_retries=never))
    return RequestsTransport(
        session=session, session_owner=False, connection_timeout=connect_timeout, read_timeout=read_timeout
    )
