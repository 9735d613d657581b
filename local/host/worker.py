"""A worker process: loads the app and runs its functions for the host, with which it is connected by a pipe.

The host starts it with `python -c` and the arguments DESCRIPTOR, APP and LEVEL, so that child processes of the app do
not import this module as their main one. The worker ends with the host, even after `kill -9`, because the operating
system then closes the pipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
import signal
import sys
import threading
import uuid
from multiprocessing.connection import Connection
from pathlib import Path

from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native

from local.host.app import load_app
from local.host.failures import failure, raised
from local.host.function import Answer, AppError, Call, Indexed
from local.host.logs import configure_logging, leave

_log = logging.getLogger(__name__)
_UNSENDABLE = (pickle.PicklingError, AttributeError, TypeError)
"""The errors for an answer that cannot be pickled, for example with a value of a local class."""


def main(descriptor: int, app_dir: Path, level: str) -> None:
    """Send the host the app's functions, or the reason why it cannot be served. Then run calls until the host ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # The host handles these signals, and running calls may finish meanwhile. Child processes would inherit SIG_IGN.
        signal.signal(number, lambda *_: None)
    configure_logging(level)
    os.chdir(app_dir)
    connection = Connection(descriptor)
    _leave_names_to_the_app()
    try:
        functions = load_app(app_dir)
    except AppError as error:
        _send(connection, str(error))
        leave(0)
    # As plain values: classes of this package cannot be pickled by name once the app may have a package `local`.
    _send(connection, [(f.name, f.function_id, f.trigger, f.bindings, f.retry) for f in functions])
    ids = {function.name: function.function_id for function in functions}
    try:
        asyncio.run(_Calls(connection, ids).serve())
    finally:
        leave(0)


def _leave_names_to_the_app() -> None:
    """Let the app import its own packages `local` and `shared`, although this project has packages of these names.

    The modules of this package are all imported by now, and stay in use.
    """
    home = Path(__file__).resolve().parents[2]
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != home]
    for name in [name for name in sys.modules if name.partition(".")[0] == "local"]:
        del sys.modules[name]


class _Calls:
    """Runs calls concurrently, on one event loop and the worker's thread pool."""

    def __init__(self, connection: Connection, ids: dict[str, str]) -> None:
        self._connection, self._ids = connection, ids
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        threading.Thread(target=self._read, args=(asyncio.get_running_loop(),), name="calls", daemon=True).start()
        await asyncio.Event().wait()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while True:
                loop.call_soon_threadsafe(self._begin, self._connection.recv())
        except (EOFError, OSError, RuntimeError):  # the host or the event loop has ended
            pass
        finally:
            leave(0)

    def _begin(self, call: Call) -> None:
        task = asyncio.ensure_future(self._run(*call))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, number: int, name: str, inputs: list[tuple[str, Datum]]) -> None:
        answer: Answer
        try:
            answer = await _answer(self._ids[name], inputs)
        except asyncio.CancelledError as error:  # raised by the function itself: calls are never cancelled
            answer = None, [], failure(error)
        except (SystemExit, KeyboardInterrupt) as error:  # as in Azure: the process ends with all its calls
            _log.error("%s ended the worker process", name, exc_info=error)
            leave(1)
        try:
            _send(self._connection, (number, answer))
        except _UNSENDABLE as error:
            _send(self._connection, (number, (None, [], failure(error))))


async def _answer(function_id: str, inputs: list[tuple[str, Datum]]) -> Answer:
    with raised() as last:
        ok, returned, outputs, text, trace = await invocation_request_native(  # type: ignore[no-untyped-call]
            str(uuid.uuid4()), function_id, inputs, {}
        )
    if ok:
        return returned, outputs, None
    return None, [], failure(last[-1]) if last else ("RuntimeError", text, trace)


def _send(connection: Connection, message: list[Indexed] | str | tuple[int, Answer]) -> None:
    with contextlib.suppress(OSError):  # the host has ended, and this process will end too
        connection.send(message)
