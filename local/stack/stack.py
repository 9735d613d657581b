"""Runs Freshcoat on one machine: Azurite, the simulated Azure and the function host as child processes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local.stack.azurite import Azurite
from local.stack.options import ROOT, StackOptions
from local.stack.processes import Child, answers, wait_until

_START_SECONDS = 60.0
_HOST = "Function host"
_SAMPLE = ROOT / "local.settings.sample.json"


class Stack:
    """Runs all processes during the `with` block, and stops them however the block ends.

    Entering raises StackError when a port is in use or a process does not start. The tables start empty, because
    the simulated Azure starts in its initial state too.
    """

    def __init__(
        self,
        options: StackOptions,
        *,
        app: Path = ROOT,
        sim_flags: tuple[str, ...] = (),
        settings: Mapping[str, str] | None = None,
        on_disk: bool = True,
    ) -> None:
        """Prepare the stack; nothing is started yet.

        `app` is the folder of the function app, `settings` override those of the sample file, and `on_disk` chooses
        between table files and tables in memory.
        """
        self.options = options
        self._app, self._sim_flags, self._changed, self._on_disk = app, sim_flags, settings or {}, on_disk
        self._children: list[Child] = []
        self._connection = ""
        self.tables = options.directory / "tables"
        """The folder with Azurite's files."""

    def __enter__(self) -> Self:
        self.options.check_ports()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all children in reverse order of their start. A second Ctrl-C does not interrupt this."""
        with _signals_ignored():
            for child in reversed(self._children):
                child.request_stop()
            for child in reversed(self._children):
                child.stop()

    def supervisor_of_host(self) -> int:
        """The id of the function host's supervisor process. The host is its only child."""
        return next(child.supervisor for child in self._children if child.name == _HOST)

    def check(self) -> None:
        """Raises StackError when a child process has ended by itself."""
        for child in self._children:
            child.check()

    def _start(self) -> None:
        print("Starting Azurite, the simulated Azure and the function host.", flush=True)
        shutil.rmtree(self.tables, ignore_errors=True)
        self.tables.mkdir(parents=True)
        azurite = Azurite(self.options.logs / "azurite.log", state=self.tables if self._on_disk else None)
        self._children.append(azurite.child)
        sim = self._python("Simulated Azure", "sim", self._sim_arguments(), {})
        self._connection = self.connection_to(azurite)
        host = self.start_host()
        azurite.wait()
        wait_until(lambda: answers(f"{self.options.sim_url}/_sim/health"), sim, seconds=_START_SECONDS)
        self.await_host(host)

    def connection_to(self, azurite: Azurite) -> str:
        """The connection string for the function host. A test may lead it through a proxy."""
        return azurite.connection

    def start_host(self) -> Child:
        """Start the function host and stop an earlier one. `await_host` waits until it answers."""
        for former in [child for child in self._children if child.name == _HOST]:
            former.stop()
            self._children.remove(former)
        return self._python(_HOST, "host", self._host_arguments(), self.settings())

    def await_host(self, host: Child) -> None:
        """Wait until the app answers. Raises StackError with the end of the log when it does not."""
        wait_until(lambda: answers(f"{self.options.app_url}/api/health"), host, seconds=_START_SECONDS)

    def _python(self, name: str, short: str, arguments: list[str], settings: dict[str, str]) -> Child:
        child = Child(
            name, [sys.executable, *arguments], log=self.options.logs / f"{short}.log", env=settings, cwd=ROOT
        )
        self._children.append(child)
        return child

    def _sim_arguments(self) -> list[str]:
        o = self.options
        numbers = {"--port": o.sim_port, "--hosts": o.hosts, "--speed": o.speed, "--seed": o.seed}
        flags = [text for name, number in numbers.items() for text in (name, f"{number:g}")]
        return ["-m", "local.sim", *flags, "--events-url", f"{o.app_url}/api/events/logoff", *self._sim_flags]

    def _host_arguments(self) -> list[str]:
        return ["-m", "local.host", "--app", str(self._app), "--port", str(self.options.port)]

    def settings(self) -> dict[str, str]:
        """The app's settings. Later sources win: sample file, environment, constructor, addresses of this stack."""
        sample: dict[str, str] = json.loads(_SAMPLE.read_text())["Values"]
        from_environment = {name: os.environ[name] for name in sample if os.environ.get(name)}
        addresses = {
            "FRESHCOAT_TABLES_CONNECTION": self._connection,
            "FRESHCOAT_TABLES_ENDPOINT": "",
            "FRESHCOAT_ARM_ENDPOINT": self.options.sim_url,
            "FRESHCOAT_GRAPH_ENDPOINT": self.options.sim_url,
        }
        return {**sample, **from_environment, **self._changed, **addresses}


def stop_on_signals(parent: int = 0) -> None:
    """Treat SIGTERM and SIGHUP like Ctrl-C, so that `with` blocks run their cleanup.

    The end of the `parent` process is treated the same way, because a killed `make` sends no signal.
    """
    for number in _STOPPING:
        signal.signal(number, _interrupt)
    if parent:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    """Ignore signals in the block, so that a second Ctrl-C does not interrupt the wait for the children's end."""
    former = {number: signal.signal(number, signal.SIG_IGN) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
