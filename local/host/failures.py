"""The exceptions that functions raise, in the worker."""

import contextlib
import logging
import traceback
from collections.abc import Iterator
from contextvars import ContextVar

from azure_functions_runtime.logging import logger
from azure_functions_runtime.native_invocation import invocation_request_native

from local.host.function import Failure

_last: ContextVar[list[BaseException] | None] = ContextVar("_last", default=None)


def _note(record: logging.LogRecord) -> bool:
    """Note the exception that the runtime logs before it answers with a text only. The record is logged by the host."""
    raised_here = _last.get()
    error = record.exc_info[1] if record.exc_info else None
    if raised_here is None or error is None or record.funcName != invocation_request_native.__name__:
        return True
    raised_here.append(error)
    return False


logger.addFilter(_note)


@contextlib.contextmanager
def raised() -> Iterator[list[BaseException]]:
    """The exceptions that the runtime catches in this task meanwhile."""
    noted: list[BaseException] = []
    token = _last.set(noted)
    try:
        yield noted
    finally:
        _last.reset(token)


def failure(error: BaseException) -> Failure:
    """The type and the text of an exception, as the worker in Azure sends them; the type when it has no text."""
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # the app's own __str__ may raise anything
        text = ""
    trace = "".join(traceback.format_exception(error))
    return kind, _sendable(text) or kind, _sendable(trace)


def _sendable(text: str) -> str:
    """Halves of surrogate pairs cannot be encoded in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
