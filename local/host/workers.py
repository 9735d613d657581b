"""The worker processes, and the choice of a worker for each call.

As on Flex Consumption, the durable functions have separate workers, so that a rollout does not slow down HTTP
requests. The durable engine runs in the host process. The setting FUNCTIONS_WORKER_PROCESS_COUNT is the number of
workers in each group. A worker that ends is replaced, as in Azure: its calls are lost, and durable work is done again.
https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from azure_functions_runtime.bindings.datumdef import Datum

from local.host.function import Answer, AppError, Function
from local.host.worker_process import WorkerLost, WorkerProcess

DURABLE = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})
"""The triggers of the functions that run on separate workers."""
_STEADY_SECONDS = 30
_LONGEST_PAUSE = 30
_log = logging.getLogger(__name__)


class _Place:
    """The place of one worker, which is replaced when it ends. ``worker`` is None until the next one has loaded."""

    def __init__(self, app_dir: Path, log_level: str, ready: asyncio.Event) -> None:
        self._app_dir, self._log_level, self._ready = app_dir, log_level, ready
        self._began, self._pause = time.monotonic(), 0.0
        self._replacing: asyncio.Task[None] | None = None
        self.first = WorkerProcess(app_dir, log_level)
        self.worker: WorkerProcess | None = None

    def use(self, worker: WorkerProcess) -> None:
        """Send calls to a worker that has loaded the app."""
        worker.start(lambda: self._replace(worker))
        self.worker, self._began = worker, time.monotonic()
        self._ready.set()

    def _replace(self, lost: WorkerProcess) -> None:
        self.worker = None
        self._ready.clear()
        lost.end()
        if time.monotonic() - self._began > _STEADY_SECONDS:
            self._pause = 0
        _log.error("a worker process ended or sent an unreadable answer; another one is started")
        self._replacing = asyncio.ensure_future(self._load())

    async def _load(self) -> None:
        """Load the app in a new worker. After repeated losses or failures, wait longer before each."""
        while True:
            await asyncio.sleep(self._pause)
            self._pause = min(max(1, self._pause * 2), _LONGEST_PAUSE)
            worker = WorkerProcess(self._app_dir, self._log_level)
            try:
                await asyncio.to_thread(worker.functions)
            except AppError as error:
                worker.end()
                print(f"error: {error}", flush=True)
            else:
                self.use(worker)
                return


class _Group:
    """Workers that share the calls of some functions."""

    def __init__(self, app_dir: Path, each: int, log_level: str) -> None:
        self.ready = asyncio.Event()
        """Set while at least one worker may be there."""
        self.places = [_Place(app_dir, log_level, self.ready) for _ in range(each)]

    def least_busy(self) -> WorkerProcess | None:
        workers = [place.worker for place in self.places if place.worker is not None]
        return min(workers, key=lambda worker: worker.busy, default=None)


class Workers:
    """All worker processes of a host."""

    def __init__(self, app_dir: Path, each: int, log_level: str) -> None:
        """Start `each` workers for the durable functions, and as many for the others."""
        self._durable = _Group(app_dir, each, log_level)
        self._others = _Group(app_dir, each, log_level)

    @property
    def _places(self) -> list[_Place]:
        return [*self._durable.places, *self._others.places]

    def load(self) -> list[Function]:
        """Wait until every worker has loaded the app, and return its functions. Raises AppError when that fails."""
        try:
            indexed = [place.first.functions() for place in self._places]
        except AppError:
            for place in self._places:
                place.first.end()  # otherwise its warnings would appear after the error message
            raise
        return indexed[0]

    def start(self) -> None:
        """Start to run functions on the running event loop."""
        for place in self._places:
            place.use(place.first)

    async def run(self, function: Function, inputs: list[tuple[str, Datum]]) -> Answer:
        """Run a function on the least busy worker of its group. Raises WorkerLost when that ends, or without one."""
        worker = self._group(function).least_busy()
        if worker is None:
            raise WorkerLost
        return await worker.run(function.name, inputs)

    async def recovered(self, function: Function) -> None:
        """Wait for a worker that can run the function."""
        group = self._group(function)
        while group.least_busy() is None:
            await group.ready.wait()

    def _group(self, function: Function) -> _Group:
        return self._durable if function.kind in DURABLE else self._others
