"""The worker processes, and the choice of a worker for each call.

As on Flex Consumption, the durable functions have separate workers, so that a rollout does not slow down HTTP
requests. The durable engine runs in the host process. The setting FUNCTIONS_WORKER_PROCESS_COUNT is the number of
workers in each group.
https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
"""

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

from azure_functions_runtime.bindings.datumdef import Datum

from local.host.function import Answer, AppError, Function, Indexed

DURABLE = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})
"""The triggers of the functions that run on separate workers."""
_HOME = Path(__file__).parents[2]
_START = (
    f"import sys; sys.path.insert(0, {str(_HOME)!r}); from pathlib import Path; from local.host.worker import main; "
    "main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])"
)


class Worker:
    """One worker process. It starts to load the app when this object is created."""

    def __init__(self, app_dir: Path, log_level: str) -> None:
        self._connection, worker_end = Pipe()
        command = [sys.executable, "-P", "-c", _START, str(worker_end.fileno()), str(app_dir), log_level]
        self._process = subprocess.Popen(command, pass_fds=[worker_end.fileno()])
        worker_end.close()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    @property
    def busy(self) -> int:
        """The number of running calls."""
        return len(self._waiting)

    def functions(self) -> list[Function]:
        """Wait until the app is loaded, and return its functions. Raises AppError when it cannot be served."""
        try:
            message: list[Indexed] | str = self._connection.recv()
        except EOFError as error:
            raise AppError("the app ended its worker process while it was loaded") from error
        except Exception as error:
            raise AppError(f"a binding contains a value of a class that is defined in the app: {error}") from error
        if isinstance(message, str):
            raise AppError(message)
        return [Function(*fields) for fields in message]

    def start(self, lost: Callable[[], None]) -> None:
        """Start to receive answers on the running event loop. `lost` is called there when the process ends."""
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=_read, args=(self._connection, loop, self._take, lost), name="worker", daemon=True
        ).start()

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()

    async def run(self, name: str, inputs: list[tuple[str, Datum]]) -> Answer:
        """Run a function and wait for its answer. A worker that does not read its pipe blocks all callers."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._connection.send((number, name, inputs))
        return await self._waiting[number]

    def _take(self, number: int, answer: Answer) -> None:
        waiting = self._waiting.pop(number)
        if not waiting.done():
            waiting.set_result(answer)


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


class Workers:
    """All worker processes of a host."""

    def __init__(self, app_dir: Path, each: int, log_level: str) -> None:
        """Start `each` workers for the durable functions, and as many for the others."""
        self._durable = [Worker(app_dir, log_level) for _ in range(each)]
        self._others = [Worker(app_dir, log_level) for _ in range(each)]

    def load(self) -> list[Function]:
        """Wait until every worker has loaded the app, and return its functions. Raises AppError when that fails."""
        workers = (*self._durable, *self._others)
        try:
            indexed = [worker.functions() for worker in workers]
        except AppError:
            for worker in workers:
                worker.end()  # otherwise its warnings would appear after the error message
            raise
        return indexed[0]

    def start(self, lost: Callable[[], None]) -> None:
        """Start to run functions on the running event loop. `lost` is called there when a worker ends."""
        for worker in (*self._durable, *self._others):
            worker.start(lost)

    async def run(self, function: Function, inputs: list[tuple[str, Datum]]) -> Answer:
        """Run a function on the least busy worker of its group."""
        group = self._durable if function.kind in DURABLE else self._others
        return await min(group, key=lambda worker: worker.busy).run(function.name, inputs)
