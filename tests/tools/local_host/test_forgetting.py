"""The app deletes the history of what has ended, and of nothing else, through the client that Azure gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from azure.durable_functions.client import SyncDurableFunctionsClient

from local.host.durable.engine import Engine
from local.host.durable.in_process import IN_PROCESS, Refused
from shared.workflow.durable_engine import DurableEngine

SOON = datetime.now(UTC) + timedelta(hours=1)
ENDS = {
    "completed": pb.ORCHESTRATION_STATUS_COMPLETED,
    "failed": pb.ORCHESTRATION_STATUS_FAILED,
    "terminated": pb.ORCHESTRATION_STATUS_TERMINATED,
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine with three instances that have ended, one that runs, one that is suspended and one that waits."""
    made = Engine()
    for name, status in ENDS.items():
        step(made, name, pb.CompleteOrchestrationAction(orchestrationStatus=status))
    step(made, "running")
    step(made, "suspended")
    made.SuspendInstance(pb.SuspendRequest(instanceId="suspended"), IN_PROCESS)
    made.StartInstance(pb.CreateInstanceRequest(name="o", instanceId="pending"), IN_PROCESS)
    made.start()
    yield made
    made.stop()


def step(engine: Engine, name: str, end: pb.CompleteOrchestrationAction | None = None) -> None:
    """Start an instance, and answer its first turn."""
    engine.StartInstance(pb.CreateInstanceRequest(name="o", instanceId=name), IN_PROCESS)
    item = next(iter(engine.GetWorkItems(pb.GetWorkItemsRequest(), IN_PROCESS)))
    actions = [pb.OrchestratorAction(id=1, completeOrchestration=end)] if end else []
    answer = pb.OrchestratorResponse(instanceId=name, completionToken=item.completionToken, actions=actions)
    engine.CompleteOrchestratorTask(answer, IN_PROCESS)


def left(engine: Engine) -> set[str]:
    found = engine.QueryInstances(pb.QueryInstancesRequest(query=pb.InstanceQuery()), IN_PROCESS)
    return {one.instanceId for one in found.orchestrationState}


def app_of(engine: Engine) -> DurableEngine:
    return DurableEngine(SyncDurableFunctionsClient(json.dumps({"rpcBaseUrl": f"http://127.0.0.1:{engine.port}"})))


def test_only_what_has_ended_is_forgotten(engine: Engine) -> None:
    assert app_of(engine).forget_ended(SOON - timedelta(days=1)) == 0
    assert app_of(engine).forget_ended(SOON) == len(ENDS)
    assert left(engine) == {"running", "suspended", "pending"}
    assert app_of(engine).forget_ended(SOON) == 0


def test_a_filter_without_a_first_moment_is_refused_as_by_earlier_extensions(engine: Engine) -> None:
    asked = pb.PurgeInstancesRequest(purgeInstanceFilter=pb.PurgeInstanceFilter())
    with pytest.raises(Refused) as refused:
        engine.PurgeInstances(asked, IN_PROCESS)
    assert refused.value.code is grpc.StatusCode.INTERNAL
    assert left(engine) > set(ENDS)
