"""The same app with its rollout written in the documented fan-out/fan-in pattern, for comparison only.

One parent calls one sub-orchestration for each host and waits for all of them. The sub-orchestrations are Freshcoat's
own, and so are all activities of a host. What a look does before hosts are handed over is one activity here.
"""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask.task import OrchestrationContext, Task, when_all

from activities import host as host_activities
from bench.fanout_app.hand_over import hand_over
from orchestrators.reimage_host import reimage_host
from orchestrators.run_steps import Orchestration
from shared.core.names import PUBLISH_IMAGE, REIMAGE_HOST
from shared.wiring import services
from triggers import accounts, health, images, pools, rollouts

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for part in (accounts, pools, images, rollouts, health, host_activities):
    app.register_functions(part.bp)

bp = df.Blueprint()


@bp.activity_trigger(input_name="given")
def hand_over_all(given: dict) -> list:  # type: ignore[type-arg]
    """Drain all hosts of the rollout and hand them over; their names."""
    return hand_over(services(), given["rollout"])


def publish_image(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Drain all hosts. 2 Fan out: a sub-orchestration for each. 3 Fan in: wait for all."""
    hosts = yield context.call_activity("hand_over_all", input=given)
    begun: list[Task[Any]] = [
        context.call_sub_orchestrator(REIMAGE_HOST, input={"rollout": given["rollout"], "host": host, "run": 1})
        for host in hosts
    ]
    yield when_all(begun)


for name, orchestrator in ((PUBLISH_IMAGE, publish_image), (REIMAGE_HOST, reimage_host)):
    bp.function_name(name)(bp.orchestration_trigger(context_name="context")(orchestrator))
app.register_functions(bp)
