"""`make run`: runs the local stack until Ctrl-C, with one image and one pool registered."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from local.sim.core import names
from local.stack.app_client import IMAGE, NEW, POOL, AppClient, on_logoff
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
    """The start message: the addresses, and five commands to try."""
    schedule = on_logoff(datetime.now(UTC) + timedelta(hours=2))
    update = _json(image=IMAGE, version=NEW, schedule=schedule)
    activation = _json(update_pools=[POOL], schedule=schedule)
    app, image = f"{options.app_url}/api", f"{options.app_url}/api/images/{IMAGE}"
    return f"""
Freshcoat is at {options.app_url}. Image {IMAGE} and pool {POOL} are registered. Press Ctrl-C to stop.
{options.console}
Everybody on this machine is "developer" here and may do everything; the header X-Dev-Role tries another role.
The simulated Azure is at {options.sim_url} and runs {options.speed:g} times as fast as real time. Logs: {options.logs}

Commands to try, in this order. Capturing a new version takes about a minute; the list of tasks shows its progress.
  curl -s '{app}/pools/{POOL}/update-image?what_if=true' --json '{update}'
  curl -s {image}/set-as-image --json '{_json(notes="a first try")}'
  curl -s {app}/tasks
  curl -s {image}/activate --json '{activation}'
  curl -s {options.sim_url}/_sim/state
"""


def _json(**fields: Any) -> str:
    return json.dumps(fields)
