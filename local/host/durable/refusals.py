"""Refusals of client calls, with the status codes and texts of the durable extension.

https://github.com/Azure/azure-functions-durable-extension
"""

from collections.abc import Mapping
from typing import Never

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.testing.in_memory_backend import OrchestrationInstance

NOT_RUNNING = "The orchestration instance with the provided instance id is not running."


def known(
    instances: Mapping[str, OrchestrationInstance], instance_id: str, context: grpc.ServicerContext
) -> OrchestrationInstance:
    """The instance with this id; NOT_FOUND without one."""
    if instance_id not in instances:
        context.abort(grpc.StatusCode.NOT_FOUND, f"ArgumentException: No instance with ID '{instance_id}' was found.")
    return instances[instance_id]


def purge_needs_a_start(request: pb.PurgeInstancesRequest, context: grpc.ServicerContext) -> None:
    """INTERNAL: earlier extensions read the first moment of a filter without asking whether there is one."""
    if request.HasField("purgeInstanceFilter") and not request.purgeInstanceFilter.HasField("createdTimeFrom"):
        text = "Failed during purging instances: Object reference not set to an instance of an object."
        context.abort(grpc.StatusCode.INTERNAL, text)


def abort(instance: OrchestrationInstance, verb: str, context: grpc.ServicerContext) -> Never:
    """FAILED_PRECONDITION: the instance is in a state in which it cannot be changed like this."""
    name = pb.OrchestrationStatus.Name(instance.status)
    state = "".join(part.title() for part in name.removeprefix("ORCHESTRATION_STATUS_").split("_"))
    text = f"Cannot {verb} the orchestration instance {instance.instance_id} because instance is in the {state} state."
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"InvalidOperationException: {text}")
    raise AssertionError  # abort raises
