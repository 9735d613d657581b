"""Replays an orchestration against a hand-written history, with the worker that runs it in Azure.

Each turn gives the worker the whole past and the new events, and records the actions that the orchestration returns.
The record of a whole run is compared with a golden file. A difference means that orchestrations already running in a
deployed app would fail to replay. `releases.py` keeps the histories of each release and replays them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb

from shared.core.names import ORCHESTRATION_VERSION
from tests.unit.orchestrators import releases

GOLDEN = Path(__file__).parent / "golden"
HELP = """Rollouts that run in a deployed app are replayed with the new code. If test_released_histories.py passes, they
survive this change: delete the golden file, run the test twice, and read what it wrote. If it fails, the change needs a
version of its own: docs/package.md#changing-an-orchestration."""
AGAIN = f"{releases.__doc__}".partition("\n\n")[2]
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Replay:
    """One orchestration and its history. Time is in seconds from START."""

    def __init__(self, orchestrator: Callable[..., Any], given: dict[str, Any]) -> None:
        self._worker = DurableFunctionsWorker()
        self._orchestrator = orchestrator
        self._past: list[pb.HistoryEvent] = []
        self.notes: list[str] = []
        name = orchestrator.__name__
        start = helpers.new_execution_started_event(name, "instance", json.dumps(given), version=ORCHESTRATION_VERSION)
        self._turn(0, "start", start)

    def done(self, at: float, task: int, result: Any) -> None:
        """The activity with this number finished."""
        self._turn(
            at, f"activity {task} -> {json.dumps(result)}", helpers.new_task_completed_event(task, json.dumps(result))
        )

    def crashed(self, at: float, task: int) -> None:
        """The activity with this number raised."""
        self._turn(at, f"activity {task} raised", helpers.new_task_failed_event(task, RuntimeError("storage is away")))

    def fired(self, at: float, timer: int) -> None:
        """The timer with this number fired."""
        event = helpers.new_timer_fired_event(timer, START + timedelta(seconds=at))
        self._turn(at, f"timer {timer} fired", event)

    def event(self, at: float, name: str, *payloads: Any) -> None:
        """External events arrived, in one turn."""
        events = [helpers.new_event_raised_event(name, json.dumps(payload)) for payload in payloads]
        self._turn(at, f"{len(events)} x event {name}", *events)

    def _turn(self, at: float, what: str, *new_events: pb.HistoryEvent) -> None:
        started = helpers.new_orchestrator_started_event(START + timedelta(seconds=at))
        response = releases.turn(self._worker, self._orchestrator, self._past, [started, *new_events])
        self._past += [started, *new_events]
        self.notes.append(f"{at:>6g} s  {what}")
        for action in response.actions:
            self._note(action)
        self._past.append(helpers.new_orchestrator_completed_event())

    def _note(self, action: pb.OrchestratorAction) -> None:
        """Record an action and add it to the past, as the engine does."""
        kind = action.WhichOneof("orchestratorActionType")
        if kind == "scheduleTask":
            task = action.scheduleTask
            self.notes.append(f"          activity {action.id}: {task.name} {task.input.value}")
            self._past.append(helpers.new_task_scheduled_event(action.id, task.name, task.input.value))
        elif kind == "createTimer":
            fire_at = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
            self.notes.append(f"          timer {action.id} at {(fire_at - START).total_seconds():g} s")
            self._past.append(helpers.new_timer_created_event(action.id, fire_at))
        elif kind == "completeOrchestration":
            end = action.completeOrchestration
            status = pb.OrchestrationStatus.Name(end.orchestrationStatus).removeprefix("ORCHESTRATION_STATUS_").lower()
            self.notes.append(f"          {status} {end.result.value} {end.failureDetails.errorMessage}".rstrip())
            self.notes += [f"          carries over event {event.eventRaised.name}" for event in end.carryoverEvents]
        else:
            self.notes.append(f"          {kind}")

    def check(self, name: str) -> None:
        """Compare with the golden file. A missing file is written and the test fails, so that somebody reads it."""
        path = GOLDEN / f"{name}.txt"
        assert not [note for note in self.notes if note.strip().startswith("failed  ")], "\n".join(self.notes)
        if releases.RECORDING:
            releases.record(name, self._past)
        elif releases.is_release():
            assert releases.kept(name) == self._past, f"The histories of {name} are older than this release. {AGAIN}"
        text = "\n".join(self.notes) + "\n"
        if not path.exists():
            path.write_text(text)
            raise AssertionError(f"{path.name} was missing and is written now: read it and commit it")
        assert text == path.read_text(), HELP
