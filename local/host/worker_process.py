"""One worker process, seen from the host."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import SimpleQueue

from azure_functions_runtime.bindings.datumdef import Datum

from local.host.function import Answer, AppError, Call, Function, Indexed

_HOME = Path(__file__).parents[2]
_PACKAGES = Path(".python_packages/lib/site-packages")
"""Where an app that was built for Azure has its packages."""
_START = (
    "import sys; sys.path[:0] = {!r}; from pathlib import Path; from local.host.worker import main; "
    "main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])"
)


class WorkerLost(Exception):
    """The worker process ended before it answered, or none is there yet."""

    def __init__(self) -> None:
        super().__init__("the worker process ended before it answered")


def _python(app_dir: Path) -> list[str]:
    """The command that runs `worker.main`. An app that brings its packages gets those and no others."""
    packages = app_dir / _PACKAGES
    if packages.is_dir():
        return [sys.executable, "-I", "-S", "-c", _START.format([str(_HOME), str(packages)])]
    return [sys.executable, "-P", "-c", _START.format([str(_HOME)])]


class WorkerProcess:
    """One worker process. It starts to load the app when this object is created."""

    def __init__(self, app_dir: Path, log_level: str) -> None:
        self._connection, worker_end = Pipe()
        command = [*_python(app_dir), str(worker_end.fileno()), str(app_dir), log_level]
        self._process = subprocess.Popen(command, pass_fds=[worker_end.fileno()])
        worker_end.close()
        self._numbers = itertools.count()
        self._calls: SimpleQueue[Call] = SimpleQueue()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    @property
    def busy(self) -> int:
        """The number of running calls."""
        return len(self._waiting)

    def functions(self) -> list[Function]:
        """Wait until the app is loaded, and return its functions. Raises AppError when it cannot be served."""
        try:
            message: list[Indexed] | str = self._connection.recv()
        except (EOFError, OSError) as error:
            raise AppError("the app ended its worker process while it was loaded") from error
        except Exception as error:
            raise AppError(f"a binding contains a value of a class that is defined in the app: {error}") from error
        if isinstance(message, str):
            raise AppError(message)
        return [Function(*fields) for fields in message]

    def start(self, lost: Callable[[], None]) -> None:
        """Start to run calls on the running event loop. `lost` is called there when the process ends."""
        loop = asyncio.get_running_loop()
        reading = (self._connection, loop, self._take, lost)
        threading.Thread(target=_read, args=reading, name="worker answers", daemon=True).start()
        # A worker may be too busy to read its calls. Then this thread waits, and not the event loop.
        sending = (self._connection, self._calls)
        threading.Thread(target=_send, args=sending, name="worker calls", daemon=True).start()

    def end(self) -> None:
        """Kill the process. Its calls raise WorkerLost."""
        self._process.kill()
        self._process.wait()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(WorkerLost())
        self._waiting.clear()

    async def run(self, name: str, inputs: list[tuple[str, Datum]]) -> Answer:
        """Run a function and wait for its answer. Raises WorkerLost when the process ends first."""
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._calls.put((number, name, inputs))
        return await answer

    def _take(self, number: int, answer: Answer) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def _send(connection: Connection, calls: SimpleQueue[Call]) -> None:
    with contextlib.suppress(OSError):  # the process has ended, which the other thread notices
        while True:
            connection.send(calls.get())


def _read(
    connection: Connection,
    loop: asyncio.AbstractEventLoop,
    take: Callable[[int, Answer], None],
    lost: Callable[[], None],
) -> None:
    with contextlib.suppress(RuntimeError):  # the event loop is closed because the host ends
        try:
            while True:
                loop.call_soon_threadsafe(take, *connection.recv())
        except (EOFError, OSError):
            pass
        finally:  # also when an answer cannot be unpickled, because it has a value of a class defined in the app
            loop.call_soon_threadsafe(lost)
