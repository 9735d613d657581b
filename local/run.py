"""`make run`: everything up until Ctrl-C, with a pool to try things on."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from rich.console import Console

from local.client import IMAGE, NEW, POOL, Client
from local.stack import Stack
from local.stack_options import StackOptions


def run(options: StackOptions, console: Console) -> int:
    """Serve until a signal; raises StackError when a part ends by itself."""
    with Stack(options) as stack:
        with Client(options) as client:
            client.register({})
        console.print(welcome(options), highlight=False, markup=False, soft_wrap=True)
        while True:
            stack.check()
            time.sleep(0.5)


def welcome(options: StackOptions) -> str:
    """Where everything is, and three lines to try."""
    request = {
        "image": IMAGE,
        "version": NEW,
        "schedule": {
            "mode": "on_logoff",
            "deadline": (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds"),
        },
    }
    return f"""
Freshcoat is at {options.app_url} with pool {POOL} registered; Ctrl-C ends everything.
The simulated Azure is at {options.sim_url}, {options.speed:g} times as fast as time; logs are in {options.logs}.

Try:
  curl -s {options.app_url}/api/pools
  curl -s '{options.app_url}/api/pools/{POOL}/update-image?what_if=true' --json '{json.dumps(request)}'
  curl -s {options.sim_url}/_sim/state
"""
