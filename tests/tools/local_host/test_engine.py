"""The corrections to the in-memory engine, tested without a host."""

import threading
import time
from datetime import UTC, datetime, timedelta

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask.internal import helpers
from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub
from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend

from local.host.durable.engine import Engine
from local.host.durable.in_process import IN_PROCESS, Refused
from tests.tools.local_host.running import eventually


@pytest.fixture
def engine() -> Engine:
    """An engine without clients. The tests act as the worker."""
    return Engine()


def _start(engine: Engine, instance_id: str) -> None:
    engine.StartInstance(pb.CreateInstanceRequest(name="o", instanceId=instance_id), IN_PROCESS)


def _next(engine: Engine) -> pb.WorkItem:
    return next(iter(engine.GetWorkItems(pb.GetWorkItemsRequest(), IN_PROCESS)))


def _answer(engine: Engine, item: pb.WorkItem, *actions: pb.OrchestratorAction) -> None:
    response = pb.OrchestratorResponse(
        instanceId=item.orchestratorRequest.instanceId, completionToken=item.completionToken, actions=actions
    )
    engine.CompleteOrchestratorTask(response, IN_PROCESS)


def _end(status: pb.OrchestrationStatus = pb.ORCHESTRATION_STATUS_COMPLETED) -> pb.OrchestratorAction:
    return pb.OrchestratorAction(
        id=99, completeOrchestration=pb.CompleteOrchestrationAction(orchestrationStatus=status)
    )


def _timer(number: int, seconds: float) -> pb.OrchestratorAction:
    fire_at = helpers.new_timestamp(datetime.now(UTC) + timedelta(seconds=seconds))
    return pb.OrchestratorAction(id=number, createTimer=pb.CreateTimerAction(fireAt=fire_at))


def _child(number: int, instance_id: str) -> pb.OrchestratorAction:
    created = pb.CreateSubOrchestrationAction(instanceId=instance_id, name="o")
    return pb.OrchestratorAction(id=number, createSubOrchestration=created)


def _status(engine: Engine, instance_id: str) -> pb.GetInstanceResponse:
    return engine.GetInstance(pb.GetInstanceRequest(instanceId=instance_id), IN_PROCESS)


def _events(engine: Engine, instance_id: str) -> int:
    request = pb.StreamInstanceHistoryRequest(instanceId=instance_id)
    return sum(len(chunk.events) for chunk in engine.StreamInstanceHistory(request, IN_PROCESS))


def test_a_timer_fires_and_one_of_an_earlier_execution_does_not(engine: Engine) -> None:
    _start(engine, "a")
    _answer(engine, _next(engine), _timer(1, 0.05), _end(pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW))
    _answer(engine, _next(engine), _timer(1, 0.2))
    fired = [event for event in _next(engine).orchestratorRequest.newEvents if event.HasField("timerFired")]
    assert len(fired) == 1
    assert fired[0].timerFired.fireAt.ToDatetime(UTC) <= datetime.now(UTC)


def test_timers_and_sub_orchestrations_wait_without_threads(engine: Engine) -> None:
    _start(engine, "parent")
    before = threading.active_count()
    waits = [_timer(number, 60) for number in range(200)]
    children = [_child(200 + number, f"child-{number}") for number in range(200)]
    _answer(engine, _next(engine), *waits, *children)
    assert threading.active_count() == before


def test_a_parent_is_notified_of_its_child(engine: Engine) -> None:
    _start(engine, "parent")
    _answer(engine, _next(engine), _child(7, "child"))
    _answer(engine, _next(engine), _end())
    events = _next(engine).orchestratorRequest.newEvents
    (ended,) = [event for event in events if event.HasField("subOrchestrationInstanceCompleted")]
    assert ended.subOrchestrationInstanceCompleted.taskScheduledId == 7


def test_an_activity_of_an_earlier_execution_is_ignored(engine: Engine) -> None:
    _start(engine, "a")
    task = pb.OrchestratorAction(id=1, scheduleTask=pb.ScheduleTaskAction(name="act"))
    first = _next(engine)
    _answer(engine, first, task, _end(pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW))
    _answer(engine, _next(engine))
    late = _next(engine)
    assert late.activityRequest.name == "act"
    answer = pb.ActivityResponse(instanceId="a", taskId=1, completionToken=late.completionToken)
    engine.CompleteActivityTask(answer, IN_PROCESS)
    assert not engine._instances["a"].pending_events


def test_an_event_during_a_turn_is_delivered_after_it(engine: Engine) -> None:
    _start(engine, "a")
    item = _next(engine)
    engine.RaiseEvent(pb.RaiseEventRequest(instanceId="a", name="go"), IN_PROCESS)
    _answer(engine, item)
    assert _next(engine).orchestratorRequest.newEvents[-1].eventRaised.name == "go"


def test_an_ended_instance_is_forgotten_after_its_time() -> None:
    engine = Engine(keep_ended=timedelta(seconds=0.5))
    _start(engine, "first")
    _answer(engine, _next(engine), _end())
    time.sleep(0.3)
    _start(engine, "second")
    _answer(engine, _next(engine), _end())
    _start(engine, "running")
    assert [_status(engine, name).exists for name in ("first", "second")] == [True, True]
    eventually(lambda: not _status(engine, "first").exists, seconds=2)
    assert _status(engine, "second").exists
    eventually(lambda: not _status(engine, "second").exists, seconds=2)
    assert _status(engine, "running").exists


def test_an_id_that_was_started_again_is_not_forgotten() -> None:
    engine = Engine(keep_ended=timedelta(seconds=0.3))
    _start(engine, "again")
    _answer(engine, _next(engine), _end())
    _start(engine, "again")
    _answer(engine, _next(engine))
    time.sleep(0.6)
    assert _status(engine, "again").exists


def test_many_ended_instances_are_kept_with_their_histories_in_little_memory(engine: Engine) -> None:
    text = helpers.get_string_value("x" * 1000)
    for number in range(2_000):
        _start(engine, f"i-{number}")
        sent = pb.SendEventAction(instance=pb.OrchestrationInstance(instanceId="nobody"), name="e", data=text)
        events = [pb.OrchestratorAction(id=index, sendEvent=sent) for index in range(10)]
        _answer(engine, _next(engine), *events, _end())
    assert all(_status(engine, f"i-{number}").exists for number in range(2_000))
    assert _events(engine, "i-0") == _events(engine, "i-1999") > 10
    assert engine.history_bytes() < 2_000 * 1_000


def test_an_ended_instance_can_be_rewound_with_its_history(engine: Engine) -> None:
    _start(engine, "a")
    _answer(engine, _next(engine), _end(pb.ORCHESTRATION_STATUS_FAILED))
    before = _events(engine, "a")
    engine.RewindInstance(pb.RewindInstanceRequest(instanceId="a"), IN_PROCESS)
    request = _next(engine).orchestratorRequest
    assert len(request.pastEvents) == before > 0
    assert request.newEvents[-1].HasField("executionRewound")


def _start_later(engine: Engine, instance_id: str, seconds: float) -> datetime:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    wanted = pb.CreateInstanceRequest(
        name="o", instanceId=instance_id, scheduledStartTimestamp=helpers.new_timestamp(at)
    )
    engine.StartInstance(wanted, IN_PROCESS)
    return at


def test_a_scheduled_instance_starts_at_its_time(engine: Engine) -> None:
    at = _start_later(engine, "later", 0.3)
    engine.RaiseEvent(pb.RaiseEventRequest(instanceId="later", name="go"), IN_PROCESS)
    _start(engine, "now")
    assert _next(engine).orchestratorRequest.instanceId == "now"
    assert _status(engine, "later").orchestrationState.orchestrationStatus == pb.ORCHESTRATION_STATUS_PENDING
    item = _next(engine)
    assert item.orchestratorRequest.instanceId == "later"
    assert datetime.now(UTC) >= at
    assert item.orchestratorRequest.newEvents[-1].eventRaised.name == "go"


def test_a_scheduled_instance_can_be_terminated_before_its_time(engine: Engine) -> None:
    _start_later(engine, "later", 60)
    engine.TerminateInstance(pb.TerminateRequest(instanceId="later"), IN_PROCESS)
    assert _next(engine).orchestratorRequest.newEvents[-1].HasField("executionTerminated")


def test_many_waiting_clients_do_not_stop_the_engine(engine: Engine) -> None:
    with grpc.insecure_channel(engine.start()) as channel:
        stub = TaskHubSidecarServiceStub(channel)  # type: ignore[no-untyped-call]
        _start(engine, "a")
        wanted = pb.GetInstanceRequest(instanceId="a")
        waiting = [stub.WaitForInstanceCompletion.future(wanted, timeout=30) for _ in range(150)]
        time.sleep(0.5)
        assert stub.GetInstance(wanted, timeout=10).exists
        _answer(engine, _next(engine), _end())
        assert all(one.result().exists for one in waiting)
    engine.stop(0)


def test_a_client_without_a_deadline_waits_until_the_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def wait(_self: object, _instance: str, _until: object, timeout: float) -> None:
        limits.append(timeout)

    monkeypatch.setattr(InMemoryOrchestrationBackend, "_wait_for_state", wait)
    for timeout in (None, 0, 5):
        engine._wait_for_state("a", bool, timeout)
    assert limits == [threading.TIMEOUT_MAX, pytest.approx(0, abs=0.01), 5]


def test_a_running_instance_is_not_replaced(engine: Engine) -> None:
    _start(engine, "a")
    with pytest.raises(Refused, match="already exists"):
        _start(engine, "a")


def test_an_ended_instance_stays_ended(engine: Engine) -> None:
    _start(engine, "a")
    _answer(engine, _next(engine), _end())
    with pytest.raises(Refused, match=r"Cannot suspend .* in the Completed state"):
        engine.SuspendInstance(pb.SuspendRequest(instanceId="a"), IN_PROCESS)
    with pytest.raises(Refused, match=r"Cannot resume .* in the Completed state"):
        engine.ResumeInstance(pb.ResumeRequest(instanceId="a"), IN_PROCESS)
    status = eventually(lambda: _status(engine, "a").orchestrationState.orchestrationStatus)
    assert status == pb.ORCHESTRATION_STATUS_COMPLETED
    assert not engine._instances["a"].pending_events
