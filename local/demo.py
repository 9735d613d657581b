"""`make demo`: from a template VM to every host on the new version, tested on the way, in a minute and a half."""

from __future__ import annotations

import time

from rich.console import Console

from local.client import NEW, Client
from local.simulated import Simulated
from local.stack import Stack
from local.stack_options import StackOptions
from local.story import chapters, setting
from local.story.outcome import Outcome, wrong
from local.story.stage import Stage
from local.summary import Places, print_summary


def demo(options: StackOptions, console: Console) -> int:
    """Run it; 0 when all is as it must be in the simulated Azure's own state."""
    begun = time.monotonic()
    with Stack(options, sim_flags=setting.SIM_FLAGS) as stack, Client(options) as client, Simulated(options) as azure:
        started = time.monotonic()
        outcome = tell(Stage(client, azure, stack, console))
        outcome = outcome.model_copy(update={"seconds": {"start": started - begun, **outcome.seconds}})
        places = Places(records=options.directory / "demo", tables=stack.tables, logs=options.logs)
        outcome.save(places.records)
        print_summary(console, outcome, places)
    return 1 if wrong(outcome) else 0


def tell(stage: Stage) -> Outcome:
    """The whole story. Raises StackError when a chapter fails that the others need."""
    setting.set_the_stage(stage)
    captured = chapters.set_as_image(stage)
    before = chapters.add_burst_host(stage, f"while {NEW} is staged")
    trial = chapters.try_out(stage)
    activated = chapters.activate(stage)
    updated = chapters.update_pool(stage, activated)
    after = chapters.add_burst_host(stage, "after the activation")
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
        expected=setting.expected_hosts(stage),
        seconds=dict(stage.seconds),
    )
