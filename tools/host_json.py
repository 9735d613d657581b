"""Prints host.json for a back end of Durable Functions: `python -m tools.host_json scheduler`. A package takes it.

An app setting could override the provider for the Functions host, but not for the scale controller: what the host sends
it about durable functions is read from the file alone, so the app would be scaled by queues that nobody uses. Source:
`FunctionsSyncManager` of Azure/azure-functions-host.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

HOST_JSON = Path(__file__).parent.parent / "host.json"
CONNECTION = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
"""The app setting with the scheduler's endpoint and the client id of the identity."""
USAGE = 2


class Backend(StrEnum):
    """Where the durable engine keeps its state."""

    STORAGE = "storage"
    """Queues, tables and blobs of the app's storage account."""
    SCHEDULER = "scheduler"
    """Durable Task Scheduler, a service of its own."""


def host_json(backend: Backend) -> dict[str, Any]:
    """host.json with this back end; everything else is the same.

    https://learn.microsoft.com/azure/azure-functions/durable/durable-task-scheduler/durable-task-scheduler
    """
    content: dict[str, Any] = json.loads(HOST_JSON.read_text(encoding="utf-8"))
    if backend is Backend.SCHEDULER:
        content["extensions"]["durableTask"]["storageProvider"] = {
            "type": "azureManaged",
            "connectionStringName": CONNECTION,
        }
    return content


def main(arguments: Sequence[str]) -> int:
    """Print it."""
    if len(arguments) != 1 or arguments[0] not in set(Backend):
        print(f"host_json: name one back end: {', '.join(Backend)}")
        return USAGE
    print(json.dumps(host_json(Backend(arguments[0])), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
