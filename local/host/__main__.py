"""Run a function app on this machine: ``python -m local.host --app DIR --port N``."""

import argparse
import asyncio
import socket
import sys
from pathlib import Path

from local.host.function import AppError
from local.host.json_files import SettingsError
from local.host.logs import configure_logging, leave
from local.host.server import Host
from local.host.settings import load_host_settings, load_local_settings
from local.host.workers import Workers


def main() -> int:
    """Serve the app until a signal. Returns 1 when it cannot be served."""
    arguments = _arguments()
    app_dir = arguments.app.resolve()
    configure_logging(arguments.log_level)
    try:
        _examine(app_dir)
        listener = _listen(arguments.host, arguments.port)
        load_local_settings(app_dir)
        settings = load_host_settings(app_dir)
        workers = Workers(app_dir, settings.worker_processes, arguments.log_level)
        functions = workers.load()
        host = Host(functions, workers, settings, listener)
    except (AppError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    print(host.listing(), flush=True)
    for function in functions:
        for note in function.notes():
            print(f"note: {note}", flush=True)
    asyncio.run(_serve(host))
    return 0


async def _serve(host: Host) -> None:
    await host.run()
    leave(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.host",
        description="Run an Azure Functions app folder (Python v2 model) on this machine: HTTP, timers and Durable"
        " Functions, without Core Tools or storage. Orchestrations are kept in memory and lost at the end.",
    )
    parser.add_argument("--app", type=Path, default=Path(), help="app folder (default: the current folder)")
    parser.add_argument("--port", type=int, default=7071, help="port, 0 for a free one (default: 7071)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    levels = ["DEBUG", "INFO", "WARNING", "ERROR"]
    parser.add_argument("--log-level", default="INFO", choices=levels, help="lowest severity logged (default: INFO)")
    return parser.parse_args()


def _examine(app_dir: Path) -> None:
    if not app_dir.is_dir():
        raise AppError(f"the app folder {app_dir} {'is not a folder' if app_dir.exists() else 'does not exist'}")


def _listen(host: str, port: int) -> socket.socket:
    """Open the listening socket before anything else starts. Raises AppError when the port is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm, which costs 40 ms per request, only when the protocol is given.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        raise AppError(f"cannot listen on {host}:{port}: {error}") from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
