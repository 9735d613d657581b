"""The look before something is made: a step that is run again after a crash must find its own work, and only that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.azure import parse
from shared.core.errors import AzureConflict, AzureNotFound, AzureRefused


def is_made(read: Callable[[], dict[str, Any]], task: str, call: str) -> bool:
    """Whether the task has made it already; False when it is not there, or went wrong and may be made again.

    Raises AzureConflict while it is being made or deleted, and AzureError when it was not made by this task.
    """
    try:
        body = read()
    except AzureNotFound:
        return False
    check_owner(body, task, call)
    state = parse.provisioning(body)
    if state in {"Succeeded", "Failed", "Canceled"}:
        return state == "Succeeded"
    raise AzureConflict(call, None, "InProgress", f"{body['name']} is there already and is {state}")


def check_owner(body: dict[str, Any], task: str, call: str) -> None:
    """Raise AzureError unless the task made it: what belongs to others is not touched."""
    if parse.owner(body) != task:
        raise AzureRefused(call, None, "NotOurs", f"{body['name']} is there, but was not made by this task")
