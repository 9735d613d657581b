"""Whether what the app logs arrives in Log Analytics: one request with a trace of its own is looked for there.

https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from freshcoat_cli.config.profiles import is_this_machine
from tools.smoke.results import Check, failed, passed, warned
from tools.smoke.target import Target, ask

ENDPOINT = "https://api.loganalytics.azure.com"
SCOPE = "https://api.loganalytics.io/.default"
ARRIVES_WITHIN = 600.0
"""Seconds. Microsoft names 2 to 5 minutes for most of it."""
BETWEEN = 20.0
CLOCKS_APART = timedelta(minutes=2)
"""So far this machine's clock may be ahead of the app's, which dates the request."""
_ADVICE = "check APPLICATIONINSIGHTS_CONNECTION_STRING in the app's settings, and the daily cap of the workspace"
_READER = "check the workspace's id, and that you have the role Log Analytics Reader on it"
_QUERY = (
    "AppRequests | where TimeGenerated > datetime({since}) "
    "| summarize Seen = count(), Ours = countif(OperationId == '{trace}')"
)


def not_asked() -> Check:
    """Nobody said where to look."""
    return warned("telemetry", "not looked for", "name the workspace: TELEMETRY={workspace id of Log Analytics}")


def arrives(
    target: Target,
    workspace: str,
    endpoint: str = ENDPOINT,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    say: Callable[[str], None] = lambda _: None,
) -> Check:
    """Send one request, and look for it until it is there or the time is over."""
    trace, since = secrets.token_hex(16), datetime.now(UTC) - CLOCKS_APART
    ask(target.strangers, "/api/about", {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"})
    say(f"looking for one request in the workspace; this takes up to {ARRIVES_WITHIN / 60:.0f} minutes")
    query = _QUERY.format(since=since.isoformat(), trace=trace)
    seen, trouble, end = 0, "", clock() + ARRIVES_WITHIN
    with httpx.Client(base_url=endpoint, timeout=60, trust_env=not is_this_machine(endpoint)) as http:
        while True:
            try:
                seen, ours = _ask(http, workspace, query)
            except _Refused as refused:
                return failed("telemetry", f"the workspace cannot be asked: {refused}", refused.advice)
            except (httpx.HTTPError, LookupError, ValueError, TypeError) as error:
                trouble = str(error) or type(error).__name__
            else:
                if ours:
                    return passed("telemetry", "a request was found in the workspace by its trace id")
                trouble = ""
            if clock() >= end:
                return _not_there(seen, trouble)
            wait(BETWEEN)


def _not_there(seen: int, trouble: str) -> Check:
    """The time is over."""
    if trouble:
        return failed("telemetry", f"the workspace cannot be asked: {trouble}", _READER)
    if seen:
        return warned("telemetry", "requests arrive, but not under the trace id that they were sent with", _ADVICE)
    return failed("telemetry", f"nothing arrived within {ARRIVES_WITHIN / 60:.0f} minutes", _ADVICE)


class _Refused(Exception):
    """Nobody may ask it like this, which waiting does not change."""

    def __init__(self, text: str, advice: str) -> None:
        super().__init__(text)
        self.advice = advice


def _ask(http: httpx.Client, workspace: str, query: str) -> tuple[int, int]:
    """How many requests are there since then, and how many of them are ours."""
    headers = {} if is_this_machine(str(http.base_url)) else {"Authorization": f"Bearer {_token()}"}
    got = http.post(f"/v1/workspaces/{workspace}/query", json={"query": query}, headers=headers)
    if got.status_code in {401, 403, 404}:
        raise _Refused(f"it answers {got.status_code}", _READER)
    got.raise_for_status()
    table: dict[str, Any] = got.json()["tables"][0]
    row = dict(zip((column["name"] for column in table["columns"]), table["rows"][0], strict=True))
    return int(row["Seen"]), int(row["Ours"])


def _token() -> str:
    """A token of whoever is signed in with the Azure CLI. Raises _Refused."""
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - only needed against Azure
    from azure.identity import AzureCliCredential, CredentialUnavailableError  # noqa: PLC0415

    try:
        return str(AzureCliCredential().get_token(SCOPE).token)
    except (ClientAuthenticationError, CredentialUnavailableError) as error:
        raise _Refused("nobody is signed in with the Azure CLI", "sign in with: az login") from error
