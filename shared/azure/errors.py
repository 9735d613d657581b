"""Azure's errors as our own. Every call of the SDK is made inside `azure_call`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core import exceptions as sdk
from pydantic import SecretStr

from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureForbidden, AzureNotFound, AzureRefused
from shared.core.plain_text import one_line
from shared.core.refusals import LONGEST_NAMED
from shared.core.transport import token_may_come

_PASSING = {408, 429}
_MESSAGE_LIMIT = 1_000
_REFUSED: dict[int, type[AzureRefused]] = {
    401: AzureForbidden,
    403: AzureForbidden,
    404: AzureNotFound,
    409: AzureConflict,
}


@contextmanager
def azure_call(call: str, *secrets: SecretStr | None) -> Iterator[None]:
    """Turn errors of the SDK into our own. `call` describes the call in words: `read the disk d1`.

    If Azure's message repeats one of `secrets`, it is masked. The SDK's error holds request and response, so it is not
    chained.
    """
    try:
        yield
    except sdk.AzureError as error:
        raise _translated(call, error, [secret.get_secret_value() for secret in secrets if secret]) from None
    except (json.JSONDecodeError, sdk.DeserializationError):  # not an AzureError of the SDK
        raise unreadable(call) from None


def refusal(call: str, response: Any, secrets: list[str] | None = None) -> AzureError:
    """The error for an answer with status 4xx or 5xx. `response` is the SDK's HTTP response."""
    status = int(response.status_code)
    code, message = error_of(json_of(response))
    code = code or str(getattr(response, "reason", None) or "") or f"HTTP {status}"
    message = _clean(message or "Azure gave no reason", secrets or [])
    if status in _PASSING or status >= 500:
        return AzureBusy(call, status, code, message, retry_after=retry_after(response.headers))
    return _REFUSED.get(status, AzureRefused)(call, status, code, message, retry_after=retry_after(response.headers))


def error_of(body: Any) -> tuple[str, str]:
    """Code and message of `{"error": {"code", "message"}}`, with or without the outer object. Else empty."""
    error = body.get("error") if isinstance(body, dict) and "error" in body else body
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def json_of(response: Any) -> Any:
    """The body of an answer as JSON. None when it is empty, was not read or is no JSON."""
    try:
        return json.loads(response.text())
    except (ValueError, TypeError, AttributeError, sdk.AzureError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by `Retry-After` (seconds or an HTTP date) or the `…-ms` headers; LONGEST_NAMED at most.

    None without one. A date is compared with the answer's own `Date`, so that our clock does not matter.
    """
    named = _named_seconds(headers)
    return None if named is None else min(named, LONGEST_NAMED)


def _named_seconds(headers: Mapping[str, str]) -> float | None:
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", headers.get(name) or ""):
            return float(headers[name]) / 1_000
    text = (headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    until = _date(text)
    if until is None:
        return None
    sent = _date(headers.get("Date") or "") or datetime.now(UTC)
    return max(0.0, (until - sent).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _translated(call: str, error: sdk.AzureError, secrets: list[str]) -> AzureError:
    if isinstance(error, sdk.DecodeError):
        return unreadable(call)
    response = getattr(error, "response", None)
    if response is not None:
        return refusal(call, response, secrets)
    if isinstance(error, sdk.ServiceRequestError | sdk.ServiceResponseError):
        code = "Timeout" if "Timeout" in type(error).__name__ else "NoConnection"
        return AzureBusy(call, None, code, "could not reach Azure, or the connection dropped before the response")
    message = _clean(str(error.message), secrets)
    if token_may_come(error):
        return AzureBusy(call, None, "NoToken", message)
    if isinstance(error, sdk.ClientAuthenticationError):  # azure-identity found no identity, or got no token
        return AzureForbidden(call, None, "NoToken", message)
    return AzureRefused(call, None, type(error).__name__, message)


def unreadable(call: str) -> AzureBusy:
    """The error for a response that is not from Azure or is incomplete: a proxy's page, half an answer."""
    return AzureBusy(call, None, "UnreadableAnswer", "Azure's response was incomplete or not JSON")


def _clean(message: str, secrets: list[str]) -> str:
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    return one_line(" ".join(message.split()))[:_MESSAGE_LIMIT]
