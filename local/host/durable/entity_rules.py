"""The entity part of the in-memory backend, corrected where it differs from the backends in Azure.

* An entity without a state does not exist, although it may have operations or a lock.
* While an orchestration holds the lock of an entity, only its own calls run; others wait for the end of the lock.
* A lock is not granted while an operation runs.
* Cleaning the storage leaves locks alone whose holder still runs.
"""

from typing import override

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.testing.in_memory_backend import EntityState, InMemoryOrchestrationBackend, PendingLockRequest


class EntityRules(InMemoryOrchestrationBackend):
    """A backend with these corrections."""

    def __init__(self, max_history_size: int) -> None:
        super().__init__(max_history_size=max_history_size)
        self._holders: dict[str, str] = {}
        self._withheld: dict[str, list[pb.HistoryEvent]] = {}

    @override
    def GetEntity(self, request: pb.GetEntityRequest, context: grpc.ServicerContext) -> pb.GetEntityResponse:
        """Read an entity that has a state."""
        with self._lock:
            entity = self._entities.get(request.instanceId)
            if entity is None or entity.serialized_state is None:
                return pb.GetEntityResponse(exists=False)
            return super().GetEntity(request, context)

    @override
    def QueryEntities(
        self, request: pb.QueryEntitiesRequest, context: grpc.ServicerContext
    ) -> pb.QueryEntitiesResponse:
        """List entities: those with a state, or with ``includeTransient`` all."""
        wanted = pb.QueryEntitiesRequest()
        wanted.CopyFrom(request)
        wanted.query.includeTransient = True
        with self._lock:
            everything = self._entities
            if not request.query.includeTransient:
                self._entities = {key: one for key, one in everything.items() if one.serialized_state is not None}
            try:
                return super().QueryEntities(wanted, context)
            finally:
                self._entities = everything

    @override
    def SignalEntity(self, request: pb.SignalEntityRequest, context: grpc.ServicerContext) -> pb.SignalEntityResponse:
        """Queue an operation."""
        with self._lock:
            response = super().SignalEntity(request, context)
            self._withhold(request.instanceId)
        return response

    @override
    def CompleteEntityTask(
        self, request: pb.EntityBatchResult, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Store the result of operations, and grant the lock that waited for their end."""
        with self._lock:
            response = super().CompleteEntityTask(request, context)
            self._try_grant_pending_locks()
        return response

    @override
    def CleanEntityStorage(
        self, request: pb.CleanEntityStorageRequest, context: grpc.ServicerContext
    ) -> pb.CleanEntityStorageResponse:
        """Release locks without a running holder, and remove entities that have nothing left."""
        with self._lock:
            orphans = [
                entity for entity in self._entities.values() if request.releaseOrphanedLocks and self._orphaned(entity)
            ]
            for entity in orphans:
                entity.locked_by = None
            self._try_grant_pending_locks()
            unused = [
                key for key, entity in self._entities.items() if request.removeEmptyEntities and self._unused(entity)
            ]
            for key in unused:
                del self._entities[key]
                self._entity_queue_set.discard(key)
        return pb.CleanEntityStorageResponse(emptyEntitiesRemoved=len(unused), orphanedLocksReleased=len(orphans))

    def _orphaned(self, entity: EntityState) -> bool:
        if entity.locked_by is None:
            return False
        holder = self._instances.get(self._holders.get(entity.locked_by, ""))
        return holder is None or self._is_terminal_status(holder.status)

    def _unused(self, entity: EntityState) -> bool:
        waiting = entity.pending_operations or self._withheld.get(entity.instance_id)
        busy = entity.instance_id in self._entity_in_flight
        return entity.serialized_state is None and entity.locked_by is None and not waiting and not busy

    @override
    def _queue_entity_operation(self, entity_id: str, event: pb.HistoryEvent) -> None:
        super()._queue_entity_operation(entity_id, event)
        self._withhold(entity_id)

    @override
    def _can_grant_lock(self, pending: PendingLockRequest) -> bool:
        return not self._entity_in_flight.intersection(pending.lock_set) and super()._can_grant_lock(pending)

    @override
    def _grant_lock(self, pending: PendingLockRequest) -> None:
        self._holders[pending.critical_section_id] = pending.parent_instance_id
        super()._grant_lock(pending)
        for entity_id in pending.lock_set:
            self._withhold(entity_id)

    @override
    def _try_grant_pending_locks(self) -> None:
        super()._try_grant_pending_locks()  # type: ignore[no-untyped-call]
        if self._holders:
            held = {entity.locked_by for entity in self._entities.values()}
            self._holders = {section: holder for section, holder in self._holders.items() if section in held}
        for entity_id in [key for key in self._withheld if self._entities[key].locked_by is None]:
            self._entities[entity_id].pending_operations.extend(self._withheld.pop(entity_id))
            self._enqueue_entity(entity_id)

    def _withhold(self, entity_id: str) -> None:
        """Put aside what waits for a locked entity and does not come from the holder of its lock."""
        entity = self._entities[entity_id]
        if entity.locked_by is None:
            return
        holder = self._holders.get(entity.locked_by)
        own = [event for event in entity.pending_operations if _caller(event) == holder]
        others = [event for event in entity.pending_operations if _caller(event) != holder]
        if others:
            self._withheld.setdefault(entity_id, []).extend(others)
        entity.pending_operations = own


def _caller(event: pb.HistoryEvent) -> str | None:
    """The orchestration that waits for the answer of an operation; None for a signal."""
    return event.entityOperationCalled.parentInstanceId.value if event.HasField("entityOperationCalled") else None
