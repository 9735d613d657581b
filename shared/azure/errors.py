"""Azure's refusals in our words. Every call of the SDK is made inside `azure_call`."""

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
    """Turn what the SDK raises inside into our errors. `call` says what is asked for, in plain words.

    Should Azure's message repeat one of `secrets`, it is blotted out; the SDK's own error, which holds
    request and response, is not chained.
    """
    try:
        yield
    except sdk.AzureError as error:
        raise _translated(call, error, [secret.get_secret_value() for secret in secrets if secret]) from None
    except (json.JSONDecodeError, sdk.DeserializationError):  # of no SDK root: each SDK reads bodies its own way
        raise unreadable(call) from None


def refusal(call: str, response: Any, secrets: list[str] | None = None) -> AzureError:
    """The error for an answer that is a refusal (4xx, 5xx). `response` is the SDK's HTTP response."""
    status = int(response.status_code)
    code, message = error_of(json_of(response))
    code = code or str(getattr(response, "reason", None) or "") or f"HTTP {status}"
    message = _clean(message or "Azure gave no reason", secrets or [])
    if status in _PASSING or status >= 500:
        return AzureBusy(call, status, code, message, retry_after=retry_after(response.headers))
    return _REFUSED.get(status, AzureRefused)(call, status, code, message)


def error_of(body: Any) -> tuple[str, str]:
    """Code and message of `{"error": {"code", "message"}}`, or of the same without the outer object; else empty."""
    error = body.get("error") if isinstance(body, dict) and "error" in body else body
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def json_of(response: Any) -> Any:
    """The body of an answer as JSON; None when it is empty, unread or something else."""
    try:
        return json.loads(response.text())
    except (ValueError, TypeError, AttributeError, sdk.AzureError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `Retry-After` (seconds or an HTTP date) or the `…-ms` headers; None when there is none.

    A date is measured against the answer's own `Date`, so that our clock does not matter.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if re.fullmatch(r"\d+(\.\d+)?", headers.get(name) or ""):
            return float(headers[name]) / 1_000
    text = (headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
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
        return AzureBusy(call, None, code, "no connection to Azure, or it was lost before the answer")
    message = _clean(str(error.message), secrets)
    if isinstance(error, sdk.ClientAuthenticationError):  # azure-identity found no identity, or no token for it
        return AzureForbidden(call, None, "NoToken", message)
    return AzureRefused(call, None, type(error).__name__, message)


def unreadable(call: str) -> AzureBusy:
    """The error for what is no answer of Azure's: a proxy's page, or half an answer."""
    return AzureBusy(call, None, "UnreadableAnswer", "Azure's answer was not JSON or broke off")


def _clean(message: str, secrets: list[str]) -> str:
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    return " ".join(message.split())[:_MESSAGE_LIMIT]
