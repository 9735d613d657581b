"""Errors of the table service as our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.data.tables import TableTransactionError

from shared.core.errors import AlreadyExists, AzureBusy, AzureForbidden, AzureRefused, StaleRow
from shared.core.transport import token_may_come

_PASSING = frozenset({408, 429})


@contextmanager
def translated(table: str, *keys: str) -> Iterator[None]:
    """Turn the SDK's errors into our own. `keys` name the rows of the call, in the order of the transaction.

    409: AlreadyExists. 412, and 404 of a conditional write: StaleRow. Transient faults, and a service that cannot be
    reached: AzureBusy.
    """
    try:
        yield
    except SdkError as error:
        raise _ours(error, table, keys) from error


def _ours(error: SdkError, table: str, keys: tuple[str, ...]) -> Exception:
    key = keys[min(_index(error), len(keys) - 1)] if keys else "every row"
    status = error.status_code if isinstance(error, HttpResponseError) else None
    code = _code(error)
    facts = (f"table {table}, {key}", status, code, str(error).partition("\n")[0])
    match status:
        case 409 if code != "TableBeingDeleted":
            return AlreadyExists(table, key)
        case 412 | 404 if code != "TableNotFound":
            return StaleRow(table, key)
        case 401 | 403:
            return AzureForbidden(*facts)
        case _ if _passes(error, status):
            return AzureBusy(*facts)
        case _:
            return AzureRefused(*facts)


def _passes(error: SdkError, status: int | None) -> bool:
    if status is None:
        return isinstance(error, ServiceRequestError | ServiceResponseError) or token_may_come(error)
    return status >= 500 or status in _PASSING


def _index(error: SdkError) -> int:
    return error.index if isinstance(error, TableTransactionError) else 0


def _code(error: SdkError) -> str:
    """The service's error code, or the name of the error when there was no answer."""
    code = getattr(error, "error_code", None)
    if code is None and isinstance(error, HttpResponseError) and error.response is not None:
        code = getattr(error.response, "headers", {}).get("x-ms-error-code")
    return str(getattr(code, "value", code) or type(error).__name__)
