"""The options of the local stack, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.stack.processes import StackError, port_is_taken

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class StackOptions:
    """Ports, the size and speed of the simulated Azure, and the folder for files.

    `speed` is the number of simulated seconds per real second.
    """

    port: int = 7071
    sim_port: int = 7072
    hosts: int = 24
    speed: float = 60.0
    seed: int = 1
    directory_override: Path | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str], **defaults: Any) -> StackOptions:
        """Read PORT, SIM_PORT, SIM_HOSTS, SIM_SPEED and SIM_SEED. Raises StackError that names an invalid one."""
        found = cls(**defaults)
        return replace(
            found,
            port=_whole(environment, "PORT", found.port, 1, 65_535),
            sim_port=_whole(environment, "SIM_PORT", found.sim_port, 1, 65_535),
            hosts=_whole(environment, "SIM_HOSTS", found.hosts, 1, 10_000),
            speed=float(_whole(environment, "SIM_SPEED", int(found.speed), 1, 3_600)),
            seed=_whole(environment, "SIM_SEED", found.seed, 0, 2**31),
        )

    @property
    def directory(self) -> Path:
        """The folder for logs and tables. It depends on the port, so that two stacks can run side by side."""
        default = ROOT / ".local"
        return self.directory_override or (default if self.port == StackOptions.port else default / f"port-{self.port}")

    @property
    def logs(self) -> Path:
        """The folder for the output of the child processes."""
        return self.directory / "logs"

    @property
    def app_url(self) -> str:
        """The base URL of the function host."""
        return f"http://localhost:{self.port}"

    @property
    def console(self) -> str:
        """Where the web console is, or how to build it."""
        built = (ROOT / "console" / "dist" / "index.html").exists()
        return f"The console is at {self.app_url}/console/" if built else "The console is not built: run make console"

    @property
    def sim_url(self) -> str:
        """The base URL of the simulated Azure. It has an IP address because ARM's answers contain absolute links."""
        return f"http://127.0.0.1:{self.sim_port}"

    def check_ports(self) -> None:
        """Raises StackError with one line about the first port that is not available."""
        if self.port == self.sim_port:
            raise StackError(f"PORT and SIM_PORT are both {self.port}; they must differ.")
        for name, port in (("PORT", self.port), ("SIM_PORT", self.sim_port)):
            if port_is_taken(port):
                raise StackError(
                    f"Port {port} is in use by another program. Stop it, or choose another port: {name}={port + 10}"
                )


def _whole(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise StackError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return number
