"""Runs one function on a worker."""

import logging
import re
from dataclasses import dataclass

from azure_functions_runtime.bindings.datumdef import Datum

from local.host.function import Function
from local.host.workers import Workers

_log = logging.getLogger(__name__)
_FRAME = re.compile(r'^  File "', re.MULTILINE)


def datum(value: object, kind: str) -> Datum:
    """A value in the worker's format. ``kind`` is string, bytes, json or http."""
    return Datum(value, kind)  # type: ignore[no-untyped-call]


class FunctionFailed(Exception):
    """The function raised an exception or returned a value that its bindings do not accept. The error is logged."""

    def __init__(self, error_type: str, message: str, stack_trace: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
        self.stack_trace = stack_trace


@dataclass(frozen=True)
class Invoker:
    """Runs functions. ``client_config`` is the value of each ``durableClient`` binding."""

    workers: Workers
    client_config: str

    async def run(self, function: Function, trigger: Datum) -> Datum | None:
        """Run ``function`` and return its result, which may be an HTTP Out parameter.

        Sync functions run in the worker's thread pool, coroutines on its event loop. Raises FunctionFailed.
        """
        inputs = [(function.trigger_name, trigger)]
        inputs += [(name, datum(self.client_config, "string")) for name in function.client_names]
        ok, returned, outputs, error, trace = await self.workers.run(function, inputs)
        if not ok:
            failure = _failure(error or "", trace or "")
            _log.error("%s failed: %s", function.name, failure)
            raise failure
        http_output = function.http_output
        if http_output is not None and http_output != "$return":
            returned = dict(outputs).get(http_output)
        return returned


def _failure(error: str, trace: str) -> FunctionFailed:
    """Split the worker's traceback into the exception class and the message, like the host in Azure."""
    last_frame = max((match.end() for match in _FRAME.finditer(trace)), default=None)
    if last_frame is None:
        return FunctionFailed("RuntimeError", error, trace)
    lines = trace[last_frame:].splitlines()[1:]
    start = next((index for index, line in enumerate(lines) if not line.startswith("    ")), len(lines))
    name, _, message = "\n".join(lines[start:]).partition(": ")
    return FunctionFailed(name.strip().rpartition(".")[2] or "RuntimeError", message.strip(), trace)
