"""Checks before a resource is created: a step repeated after a crash must find its own resource, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.azure import parse
from shared.core.errors import AzureConflict, AzureNotFound, AzureRefused
from shared.models.azure import ProvisioningState


def is_made(read: Callable[[], dict[str, Any]], task: str, call: str) -> bool:
    """Whether the task has created the resource. False when it does not exist, or failed and can be created again.

    Raises AzureConflict while it is being created or deleted, AzureRefused when this task did not create it.
    """
    try:
        body = read()
    except AzureNotFound:
        return False
    check_owner(body, task, call)
    state = parse.provisioning(body)
    if state in {ProvisioningState.SUCCEEDED, ProvisioningState.FAILED, ProvisioningState.CANCELED}:
        return state == ProvisioningState.SUCCEEDED
    raise AzureConflict(call, None, "InProgress", f"{body['name']} exists already and is {state}")


def check_owner(body: dict[str, Any], task: str, call: str) -> None:
    """Raises AzureRefused unless the task created the resource: resources of others are not touched."""
    if parse.owner(body) != task:
        raise AzureRefused(call, None, "NotOurs", f"{body['name']} exists, but was not created by this task")
