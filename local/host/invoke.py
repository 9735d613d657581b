"""Runs one function on a worker."""

import logging
from dataclasses import dataclass

from azure_functions_runtime.bindings.datumdef import Datum

from local.host.function import Function
from local.host.workers import Workers

_log = logging.getLogger(__name__)


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

        Sync functions run in the worker's thread pool, coroutines on its event loop. Raises
        FunctionFailed, or WorkerLost when the worker process ended.
        """
        inputs = [(function.trigger_name, trigger)]
        inputs += [(name, datum(self.client_config, "string")) for name in function.client_names]
        returned, outputs, failure = await self.workers.run(function, inputs)
        if failure is not None:
            _log.error("%s failed: %s\n%s", function.name, ": ".join(failure[:2]), failure[2].rstrip())
            raise FunctionFailed(*failure)
        http_output = function.http_output
        if http_output is not None and http_output != "$return":
            returned = dict(outputs).get(http_output)
        return returned
