"""`make demo`: the main job, from a registered pool to every host on the new version, in a minute or so."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from local.children import StackError
from local.client import NEW, POOL, Client
from local.progress import showing
from local.stack import Stack
from local.stack_options import StackOptions
from local.summary import Outcome, print_summary
from shared.models.views import RolloutView
from shared.states import RolloutState

DEADLINE = timedelta(seconds=45)
"""From the request to the moment at which sessions are ended."""
_GIVE_UP_SECONDS = 300.0
_LOOK_SECONDS = 0.5

POLICY: dict[str, Any] = {"settle_seconds": 2, "poll_seconds": 15, "max_unavailable": "50%", "min_available": "20%"}
"""Hours made seconds: the default would look again after a minute, and the demo is over by then."""

_STUCK = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


def demo(options: StackOptions, console: Console) -> int:
    """Run it; 0 when every host is on the target in the simulated Azure's own state."""
    with Stack(options) as stack, Client(options) as client:
        outcome = publish(client, stack, console)
        records = options.directory / "demo"
        outcome.save(records)
        print_summary(console, outcome, records, stack.tables, options.logs)
    return 0 if outcome.succeeded else 1


def publish(client: Client, stack: Stack, console: Console) -> Outcome:
    """Register image and pool, publish the new version, follow it to its end."""
    client.register(POLICY)
    azure = client.azure()
    people = sum(len(host["sessions"]) for host in azure["hosts"])
    console.print(f"Pool {POOL}: {len(azure['hosts'])} hosts, {people} people working on them.", highlight=False)
    begun, deadline = time.monotonic(), datetime.now(UTC) + DEADLINE
    rollout_id = client.publish(deadline, "make demo")
    client.expect_no_sign_out_before(deadline.replace(microsecond=0))
    promise = f"Publishing {NEW} on_logoff, deadline {deadline.astimezone():%H:%M:%S}: rollout {rollout_id}."
    console.print(promise, highlight=False, soft_wrap=True)
    view = _follow(client, stack, console, rollout_id, begun + _GIVE_UP_SECONDS)
    seconds = time.monotonic() - begun
    return Outcome(view, client.rollout_hosts(rollout_id), client.azure(), seconds)


def _follow(client: Client, stack: Stack, console: Console, rollout_id: str, end: float) -> RolloutView:
    """Show the progress until the rollout has ended, waits for a person, or takes too long."""
    with showing(console) as show:
        while True:
            stack.check()
            view = client.rollout(rollout_id)
            show(view)
            if view.state.ended or view.state in _STUCK:
                return view
            if time.monotonic() > end:
                raise StackError(f"The rollout has not ended after {_GIVE_UP_SECONDS:.0f} s: it is {view.state}.")
            time.sleep(_LOOK_SECONDS)
