"""`make demo`: brings a new version from its template to every host by the command line, in about two minutes."""

from __future__ import annotations

import time

from rich.console import Console

from local.demo import scenes, setup
from local.demo.outcome import Outcome, problems
from local.demo.stage import Stage
from local.demo.summary import Places, print_summary
from local.stack.app_client import NEW, AppClient
from local.stack.azure_client import SimulatedAzureClient
from local.stack.options import StackOptions
from local.stack.stack import Stack


def demo(options: StackOptions, console: Console) -> int:
    """Run the demo. Returns 0 when the final state of the simulated Azure is as expected, otherwise 1."""
    begun = time.monotonic()
    with (
        Stack(options, sim_flags=setup.SIM_FLAGS) as stack,
        AppClient(options) as client,
        SimulatedAzureClient(options) as azure,
    ):
        started = time.monotonic()
        stage = Stage(client, azure, stack, console)
        stage.print(options.console)
        outcome = play_scenes(stage)
        outcome = outcome.model_copy(update={"seconds": {"start": started - begun, **outcome.seconds}})
        places = Places(records=options.directory / "demo", tables=stack.tables, logs=options.logs)
        outcome.save(places.records)
        print_summary(console, outcome, places)
    return 1 if problems(outcome) else 0


def play_scenes(stage: Stage) -> Outcome:
    """Play all scenes. Raises StackError when a scene fails that later ones depend on."""
    setup.register_image_and_pools(stage)
    captured = scenes.set_as_image(stage)
    before = scenes.add_burst_host(stage, f"while {NEW} is staged")
    trial = scenes.update_test_pool(stage)
    activated = scenes.activate(stage)
    updated = scenes.update_pool(stage, activated)
    after = scenes.add_burst_host(stage, "after the activation")
    scenes.look_back(stage)
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
