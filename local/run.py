"""`make run`: everything up until Ctrl-C, with an image and a pool to try things on."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from local.sim.core import names
from local.stack.app_client import IMAGE, NEW, POOL, Client, on_logoff
from local.stack.options import StackOptions
from local.stack.stack import Stack


def run(options: StackOptions, console: Console) -> int:
    """Serve until a signal; raises StackError when a part ends by itself."""
    with Stack(options) as stack:
        with Client(options) as client:
            client.register_image()
            client.register_pool(POOL, names.OFFICE_POOL_ID, {})
        console.print(welcome(options), highlight=False, markup=False, soft_wrap=True)
        while True:
            stack.check()
            time.sleep(0.5)


def welcome(options: StackOptions) -> str:
    """Where everything is, and five lines to try."""
    schedule = on_logoff(datetime.now(UTC) + timedelta(hours=2))
    update = _json(image=IMAGE, version=NEW, schedule=schedule)
    activation = _json(update_pools=[POOL], schedule=schedule)
    app, image = f"{options.app_url}/api", f"{options.app_url}/api/images/{IMAGE}"
    return f"""
Freshcoat is at {options.app_url} with image {IMAGE} and pool {POOL} registered; Ctrl-C ends everything.
The simulated Azure is at {options.sim_url}, {options.speed:g} times as fast as time; logs are in {options.logs}.

Try, in this order. A new version takes about a minute; the list of tasks shows how far it is.
  curl -s '{app}/pools/{POOL}/update-image?what_if=true' --json '{update}'
  curl -s {image}/set-as-image --json '{_json(notes="a first try")}'
  curl -s {app}/tasks
  curl -s {image}/activate --json '{activation}'
  curl -s {options.sim_url}/_sim/state
"""


def _json(**fields: Any) -> str:
    return json.dumps(fields)
