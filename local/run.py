"""`make run`: runs the local stack until Ctrl-C, with one image and one pool registered."""

from __future__ import annotations

import time

from rich.console import Console

from local.sim.core import names
from local.stack.app_client import IMAGE, NEW, POOL, AppClient
from local.stack.options import StackOptions
from local.stack.stack import Stack


def run(options: StackOptions, console: Console) -> int:
    """Serve until a signal. Raises StackError when a process of the stack ends by itself."""
    with Stack(options) as stack:
        register(options)
        console.print(welcome(options), highlight=False, markup=False, soft_wrap=True)
        while True:
            stack.check()
            time.sleep(0.5)


def register(options: StackOptions) -> None:
    """Register the image and the pool with the app."""
    with AppClient(options) as client:
        client.register_image()
        client.register_pool(POOL, names.OFFICE_POOL_ID, {})


def welcome(options: StackOptions) -> str:
    """The start message: the addresses, and commands to try."""
    return f"""
Freshcoat is at {options.app_url}. Image {IMAGE} and pool {POOL} are registered. Press Ctrl-C to stop.
{options.console}
Everybody on this machine is "developer" here and may do everything; the header X-Dev-Role tries another role.
The simulated Azure is at {options.sim_url} and runs {options.speed:g} times as fast as real time. Logs: {options.logs}

Commands to try in another terminal, in this order. Making a version takes about a minute.
  export FRESHCOAT_URL={options.app_url}
  .venv/bin/freshcoat pools
  .venv/bin/freshcoat plan {POOL} {NEW} --on-logoff +2h
  .venv/bin/freshcoat set-as-image {IMAGE} --notes "a first try" --wait
  .venv/bin/freshcoat activate {IMAGE} --update-pools {POOL} --on-logoff +2h
  .venv/bin/freshcoat watch {POOL}
"""
