"""The histories of every release: what an orchestration that was begun by it may have behind it when we take it over.

With a release, once RELEASE has its number, record its histories and commit the file:
`RECORD_HISTORIES=1 .venv/bin/python -m pytest tests/unit/orchestrators/test_golden_histories.py`
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf import json_format

from shared.core.names import RELEASE

FOLDER = Path(__file__).parent / "releases"
CHANGELOG = Path(__file__).parents[3] / "CHANGELOG.md"
RECORDING = bool(os.environ.get("RECORD_HISTORIES"))
_ARRIVES = ("orchestratorStarted", "executionStarted", "taskCompleted", "taskFailed", "timerFired", "eventRaised")
"""The events that the engine brings. The others follow from what the orchestration decided."""

type History = list[pb.HistoryEvent]


def turn(
    worker: DurableFunctionsWorker, orchestrator: Callable[..., Any], past: Sequence[pb.HistoryEvent], new: History
) -> pb.OrchestratorResponse:
    """What the orchestration decides when these events arrive."""
    request = pb.OrchestratorRequest(instanceId="instance", pastEvents=past, newEvents=new)
    body = base64.b64encode(request.SerializeToString()).decode()
    answer = worker.execute_orchestration_request(orchestrator, body)
    return pb.OrchestratorResponse.FromString(base64.b64decode(answer))


def record(name: str, history: History) -> None:
    """Keep a history for the release that is being made."""
    path = FOLDER / f"{RELEASE}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[name] = [json_format.MessageToDict(event) for event in history]
    path.parent.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join(_lines(kept)) + "\n}\n")


def is_release() -> bool:
    """Whether these sources are the release RELEASE itself: nothing has changed since."""
    newest = re.search(r"^## \[(.+?)\]", CHANGELOG.read_text(), re.MULTILINE)
    return newest is not None and newest[1] == RELEASE


def kept(name: str) -> History:
    """The events of a history as they are kept for RELEASE."""
    return next((history for release, found, history in recorded() if (release, found) == (RELEASE, name)), [])


def _lines(kept: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for name, events in sorted(kept.items()):
        yield f'"{name}": [\n' + ",\n".join(json.dumps(event, sort_keys=True) for event in events) + "\n]"


def recorded() -> Iterator[tuple[str, str, History]]:
    """Release, name and events of every history that was kept."""
    for path in sorted(FOLDER.glob("*.json")):
        for name, events in json.loads(path.read_text()).items():
            yield path.stem, name, [json_format.ParseDict(event, pb.HistoryEvent()) for event in events]


def moments(history: History) -> Iterator[tuple[History, History]]:
    """Each moment at which an orchestration may be taken over: what is behind it, and what arrives then."""
    for start, event in enumerate(history):
        if event.HasField("orchestratorStarted"):
            end = start
            while end < len(history) and history[end].WhichOneof("eventType") in _ARRIVES:
                end += 1
            yield history[:start], history[start:end]


def failures(orchestrator: Callable[..., Any], history: History) -> list[str]:
    """Why today's orchestrator cannot go on at one of the moments of a history."""
    found: list[str] = []
    for past, new in moments(history):
        for action in turn(DurableFunctionsWorker(), orchestrator, past, new).actions:
            end = action.completeOrchestration
            if end.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED:
                found.append(f"after {len(past)} events: {end.failureDetails.errorMessage}")
    return found
