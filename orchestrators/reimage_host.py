"""Brings one host onto the target version and back into service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from durabletask.task import OrchestrationContext

from orchestrators.publish_image import PATIENCE, Driven
from shared.publishing.outcome import STEPS, Then


def reimage_host(context: OrchestrationContext, given: dict[str, Any]) -> Driven:
    """1 Look again. 2 Re-image or replace. 3 Join. 4 Register. 5 Wait until healthy. 6 Give back.

    `given`: `rollout`, `host` and `run`. Each step is called until it is through; it says how long to wait
    before it is called again. `again` begins another attempt with step 1; `stop` ends: the last step
    told the rollout.
    """
    index = 0
    while index < len(STEPS):
        outcome = yield context.call_activity(STEPS[index], input=given, retry_policy=PATIENCE)
        match outcome["then"]:
            case Then.NEXT:
                index += 1
            case Then.WAIT:
                yield context.create_timer(timedelta(seconds=outcome["seconds"]))
            case Then.AGAIN:
                index = 0
            case _:
                return
