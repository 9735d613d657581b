"""The worker processes beside the host, and which of them runs a function.

As on Flex Consumption, the durable functions have workers of their own: a rollout does not slow down what is asked
over HTTP, and neither waits for the engine, which is the host's. The setting FUNCTIONS_WORKER_PROCESS_COUNT says how
many there are of each group.
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

from local.host.function import Answer, AppError, Function

DURABLE = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})
"""Triggers of the functions that have workers of their own."""
_HOME = Path(__file__).parents[2]


class Worker:
    """One process with the app loaded. It begins to load when this is made."""

    def __init__(self, app_dir: Path, log_level: str) -> None:
        self._connection, theirs = Pipe()
        command = [sys.executable, "-m", "local.host.worker", str(theirs.fileno()), str(app_dir), log_level]
        self._process = subprocess.Popen(command, cwd=_HOME, pass_fds=[theirs.fileno()])
        theirs.close()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    @property
    def busy(self) -> int:
        """How many functions it is running."""
        return len(self._waiting)

    def functions(self) -> list[Function]:
        """The app's functions, once it is loaded. Raises AppError when it cannot be served."""
        try:
            said: list[Function] | str = self._connection.recv()
        except EOFError as error:
            raise AppError("the app ended the process that loaded it") from error
        except Exception as error:
            raise AppError(f"its bindings have what only the app itself knows: {error}") from error
        if isinstance(said, str):
            raise AppError(said)
        return said

    def start(self, lost: Callable[[], None]) -> None:
        """Take answers, for calls made on the loop that runs this; `lost` is called there should the process end."""
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=_read, args=(self._connection, loop, self._take, lost), name="worker", daemon=True
        ).start()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()

    async def run(self, name: str, inputs: list[tuple[str, Datum]]) -> Answer:
        """Have it run a function, and wait for what comes of it. One that is too busy to read holds all callers up."""
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
    with contextlib.suppress(RuntimeError):  # the loop is closed: the host ends
        try:
            while True:
                loop.call_soon_threadsafe(take, *connection.recv())
        except (EOFError, OSError):
            pass
        finally:  # also when an answer cannot be read: it has a value of a class that only the app knows
            loop.call_soon_threadsafe(lost)


class Workers:
    """All workers of a host."""

    def __init__(self, app_dir: Path, each: int, log_level: str) -> None:
        """Start `each` many workers for the durable functions, and as many for the others."""
        self._durable = [Worker(app_dir, log_level) for _ in range(each)]
        self._others = [Worker(app_dir, log_level) for _ in range(each)]

    def load(self) -> list[Function]:
        """The app's functions, once every worker has loaded it. Raises AppError when it cannot be served."""
        everyone = (*self._durable, *self._others)
        try:
            indexed = [worker.functions() for worker in everyone]
        except AppError:
            for worker in everyone:
                worker.end()  # else its warnings would come after the reason
            raise
        return indexed[0]

    def start(self, lost: Callable[[], None]) -> None:
        """Begin to run functions, on the running loop; `lost` is called there should a worker end."""
        for worker in (*self._durable, *self._others):
            worker.start(lost)

    async def run(self, function: Function, inputs: list[tuple[str, Datum]]) -> Answer:
        """Run a function on the least busy worker of its group."""
        group = self._durable if function.kind in DURABLE else self._others
        return await min(group, key=lambda worker: worker.busy).run(function.name, inputs)
