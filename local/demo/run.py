"""`make demo`: from a template VM to every host on the new version, tested on the way, in a minute and a half."""

from __future__ import annotations

import time

from rich.console import Console

from local.demo import scenes, setup
from local.demo.outcome import Outcome, wrong
from local.demo.stage import Stage
from local.demo.summary import Places, print_summary
from local.stack.app_client import NEW, Client
from local.stack.azure_client import Simulated
from local.stack.options import StackOptions
from local.stack.stack import Stack


def demo(options: StackOptions, console: Console) -> int:
    """Run it; 0 when all is as it must be in the simulated Azure's own state."""
    begun = time.monotonic()
    with Stack(options, sim_flags=setup.SIM_FLAGS) as stack, Client(options) as client, Simulated(options) as azure:
        started = time.monotonic()
        outcome = tell(Stage(client, azure, stack, console))
        outcome = outcome.model_copy(update={"seconds": {"start": started - begun, **outcome.seconds}})
        places = Places(records=options.directory / "demo", tables=stack.tables, logs=options.logs)
        outcome.save(places.records)
        print_summary(console, outcome, places)
    return 1 if wrong(outcome) else 0


def tell(stage: Stage) -> Outcome:
    """The whole story. Raises StackError when a chapter fails that the others need."""
    setup.set_the_stage(stage)
    captured = scenes.set_as_image(stage)
    before = scenes.add_burst_host(stage, f"while {NEW} is staged")
    trial = scenes.try_out(stage)
    activated = scenes.activate(stage)
    updated = scenes.update_pool(stage, activated)
    after = scenes.add_burst_host(stage, "after the activation")
    return Outcome(
        captured=captured,
        before=before,
        trial=trial,
        activated=activated,
        updated=updated,
        after=after,
        image=stage.client.image(),
        versions=stage.client.versions(),
        tasks=stage.client.tasks(),
        azure=stage.azure.state(),
        latest=stage.azure.latest(),
        expected=setup.expected_hosts(stage),
        seconds=dict(stage.seconds),
    )
