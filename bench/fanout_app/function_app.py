"""The app with a rollout in the documented fan-out/fan-in pattern, for comparison only.

The parent calls one sub-orchestration per host and waits for all of them. The sub-orchestrations and the activities of
a host are Freshcoat's own. The reconcile passes are replaced by one activity that drains all hosts.
"""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask.task import OrchestrationContext, Task, when_all

from activities import host as host_activities
from bench.fanout_app.drain_all import drain_all_hosts
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
def drain_all(given: dict) -> list:  # type: ignore[type-arg]
    """Drain all hosts of the rollout. Returns their names."""
    return drain_all_hosts(services(), given["rollout"])


def publish_image(context: OrchestrationContext, given: dict[str, Any]) -> Orchestration:
    """1 Drain all hosts. 2 Fan out: start a sub-orchestration for each host. 3 Fan in: wait for all of them."""
    hosts = yield context.call_activity("drain_all", input=given)
    begun: list[Task[Any]] = [
        context.call_sub_orchestrator(REIMAGE_HOST, input={"rollout": given["rollout"], "host": host, "run": 1})
        for host in hosts
    ]
    yield when_all(begun)


for name, orchestrator in ((PUBLISH_IMAGE, publish_image), (REIMAGE_HOST, reimage_host)):
    bp.function_name(name)(bp.orchestration_trigger(context_name="context")(orchestrator))
app.register_functions(bp)
