"""Azurite's table service (the Table Storage emulator) as a child process."""

from __future__ import annotations

import shutil
from pathlib import Path

from local.stack.processes import Child, StackError, free_port, listens, wait_until

_MAIN = Path(__file__).parents[2] / "node_modules" / "azurite" / "dist" / "src" / "table" / "main.js"
_ACCOUNT = "devstoreaccount1"
_PUBLISHED_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The published key of every Azurite installation; not a secret."""
_START_SECONDS = 30.0


class Azurite:
    """A running table service on a free loopback port.

    `state` is the folder for its data; without one the data is kept in memory only.
    """

    def __init__(self, log: Path, *, state: Path | None = None) -> None:
        node = shutil.which("node")
        if node is None or not _MAIN.is_file():
            raise StackError("Azurite is not installed: run `make setup` (it needs Node.js 20 or newer).")
        self.port = free_port()
        memory = ["--location", str(state)] if state else ["--inMemoryPersistence"]
        options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--tableKeepAliveTimeout", "60"]
        self.child = Child("Azurite", [node, str(_MAIN), "--tablePort", str(self.port), *options, *memory], log=log)

    @property
    def connection(self) -> str:
        """The connection string of the storage account."""
        return connection_at(self.port)

    def wait(self) -> None:
        """Wait until it accepts connections. Raises StackError when that takes too long."""
        wait_until(lambda: listens(self.port), self.child, seconds=_START_SECONDS)


def connection_at(port: int) -> str:
    """The connection string of an Azurite that is reached on this loopback port."""
    account = f"AccountName={_ACCOUNT};AccountKey={_PUBLISHED_KEY}"
    return f"DefaultEndpointsProtocol=http;{account};TableEndpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
