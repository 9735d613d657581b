"""Entities and their locks in the engine, tested without a host."""

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest
from durabletask.internal import helpers

from local.host.durable.engine import Engine
from local.host.durable.in_process import IN_PROCESS

ENTITY = "@counter@a"


@pytest.fixture
def engine() -> Engine:
    """An engine with an orchestration `holder`. The tests act as the worker."""
    engine = Engine()
    for name in ("holder", "other"):
        engine.StartInstance(pb.CreateInstanceRequest(name="o", instanceId=name), IN_PROCESS)
        _next(engine)
    return engine


def _next(engine: Engine) -> pb.WorkItem:
    return next(iter(engine.GetWorkItems(pb.GetWorkItemsRequest(), IN_PROCESS)))


def _send(engine: Engine, orchestration: str, **message: object) -> None:
    """Let an orchestration send a message to an entity."""
    instance = engine._instances[orchestration]
    action = pb.OrchestratorAction(id=1, sendEntityMessage=pb.SendEntityMessageAction(**message))  # type: ignore[arg-type]
    engine._process_send_entity_message_action(instance, action)


def _lock(engine: Engine, orchestration: str) -> None:
    wanted = pb.EntityLockRequestedEvent(
        criticalSectionId=f"of {orchestration}",
        lockSet=[ENTITY],
        parentInstanceId=helpers.get_string_value(orchestration),
    )
    _send(engine, orchestration, entityLockRequested=wanted)


def _unlock(engine: Engine, orchestration: str) -> None:
    sent = pb.EntityUnlockSentEvent(
        criticalSectionId=f"of {orchestration}", targetInstanceId=helpers.get_string_value(ENTITY)
    )
    _send(engine, orchestration, entityUnlockSent=sent)


def _call(engine: Engine, orchestration: str) -> None:
    called = pb.EntityOperationCalledEvent(
        requestId=orchestration,
        operation=f"call of {orchestration}",
        parentInstanceId=helpers.get_string_value(orchestration),
        targetInstanceId=helpers.get_string_value(ENTITY),
    )
    _send(engine, orchestration, entityOperationCalled=called)


def _signal(engine: Engine) -> None:
    engine.SignalEntity(pb.SignalEntityRequest(instanceId=ENTITY, name="signal", requestId="1"), IN_PROCESS)


def _run(engine: Engine, state: str | None = "1") -> list[str]:
    """Run the operations that are due, and return their names."""
    if not engine._entities[ENTITY].pending_operations:
        return []
    item = _next(engine)
    while not item.HasField("entityRequestV2"):
        item = _next(engine)
    batch, infos = helpers.convert_to_entity_batch_request(item.entityRequestV2)
    result = pb.EntityBatchResult(completionToken=item.completionToken, operationInfos=infos)
    if state is not None:
        result.entityState.value = state
    engine.CompleteEntityTask(result, IN_PROCESS)
    return [operation.operation for operation in batch.operations]


def _exists(engine: Engine) -> bool:
    return engine.GetEntity(pb.GetEntityRequest(instanceId=ENTITY, includeState=True), IN_PROCESS).exists


def _listed(engine: Engine, transient: bool = False) -> int:
    query = pb.EntityQuery(includeTransient=transient)
    return len(engine.QueryEntities(pb.QueryEntitiesRequest(query=query), IN_PROCESS).entities)


def _clean(engine: Engine) -> tuple[int, int]:
    wanted = pb.CleanEntityStorageRequest(removeEmptyEntities=True, releaseOrphanedLocks=True)
    cleaned = engine.CleanEntityStorage(wanted, IN_PROCESS)
    return cleaned.emptyEntitiesRemoved, cleaned.orphanedLocksReleased


def test_a_deleted_entity_does_not_exist(engine: Engine) -> None:
    _signal(engine)
    assert not _exists(engine)
    _run(engine)
    _signal(engine)
    assert (_exists(engine), _listed(engine)) == (True, 1)
    _run(engine, state=None)
    assert (_exists(engine), _listed(engine), _listed(engine, transient=True)) == (False, 0, 1)


def test_a_lock_excludes_signals_and_calls_of_others(engine: Engine) -> None:
    _signal(engine)
    _lock(engine, "holder")
    _signal(engine)
    _call(engine, "other")
    _call(engine, "holder")
    assert _run(engine) == ["call of holder"]
    assert _run(engine) == []
    _unlock(engine, "holder")
    assert _run(engine) == ["signal", "signal", "call of other"]


def test_a_lock_waits_for_running_operations(engine: Engine) -> None:
    _signal(engine)
    item = _next(engine)
    _lock(engine, "holder")
    assert engine._entities[ENTITY].locked_by is None
    engine.CompleteEntityTask(pb.EntityBatchResult(completionToken=item.completionToken), IN_PROCESS)
    assert engine._entities[ENTITY].locked_by == "of holder"


def test_the_next_lock_is_granted_before_waiting_signals(engine: Engine) -> None:
    _lock(engine, "holder")
    _lock(engine, "other")
    _signal(engine)
    _unlock(engine, "holder")
    assert engine._entities[ENTITY].locked_by == "of other"
    assert _run(engine) == []
    _unlock(engine, "other")
    assert _run(engine) == ["signal"]


def test_cleaning_leaves_a_held_lock_alone(engine: Engine) -> None:
    _lock(engine, "holder")
    assert _clean(engine) == (0, 0)
    assert engine._entities[ENTITY].locked_by == "of holder"


def test_cleaning_releases_the_lock_of_an_ended_holder(engine: Engine) -> None:
    _lock(engine, "holder")
    _signal(engine)
    engine._instances["holder"].status = pb.ORCHESTRATION_STATUS_TERMINATED
    assert _clean(engine) == (0, 1)
    assert _run(engine, state=None) == ["signal"]
    assert _clean(engine) == (1, 0)
    assert ENTITY not in engine._entities
