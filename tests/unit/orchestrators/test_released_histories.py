"""Orchestrations that an older release began are taken over at every moment of their histories."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from inspect import unwrap
from types import SimpleNamespace
from typing import Any

import pytest
from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal.orchestrator_service_pb2 import ORCHESTRATION_STATUS_CONTINUED_AS_NEW, HistoryEvent
from durabletask.task import OrchestrationContext

from activities import host as host_activity
from activities import rollout as rollout_activity
from local.stack.options import ROOT
from orchestrators import publish_image as publish_image_module
from orchestrators import run_steps
from orchestrators.activate_image import activate_image
from orchestrators.publish_image import publish_image
from orchestrators.reimage_host import reimage_host
from orchestrators.set_as_image import set_as_image
from orchestrators.update_many_pools import update_many_pools
from shared.core.names import ORCHESTRATION_VERSION, RECONCILE_POOL, RUN_HOST_STEPS
from shared.core.steps import NextAction, StepResult
from shared.rollouts.hosts import runner
from shared.rollouts.reconcile.answer import PassResult
from tests.fixtures.app_functions import functions
from tests.unit.orchestrators import releases
from tests.unit.orchestrators.releases import History, failures, moments, recorded, turn

HELP = "Orchestrations that run would break: docs/package.md#changing-an-orchestration says what to do."
ALL: dict[str, Callable[..., Any]] = {
    found.__name__: found for found in (publish_image, reimage_host, set_as_image, activate_image, update_many_pools)
}
HISTORIES = {f"{release} {name}": history for release, name, history in recorded()}


def orchestrator_of(history: History) -> str:
    """The name that the engine calls the orchestration by. It is stored too, so it must stay."""
    return str(history[1].executionStarted.name)


@pytest.mark.parametrize("which", HISTORIES)
def test_an_orchestration_of_a_release_goes_on_with_todays_code(which: str) -> None:
    history = HISTORIES[which]
    assert len(list(moments(history))) >= 2
    assert failures(ALL[orchestrator_of(history)], history) == [], HELP


def test_what_orchestrations_of_a_release_call_is_there_and_answers_what_they_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While two versions run at once, each may get the activities and the results of the other."""
    app = SimpleNamespace(settings=SimpleNamespace(reconcile_gap=1))
    for module in (rollout_activity, host_activity):
        monkeypatch.setattr(module, "services", lambda: app)
    monkeypatch.setattr(rollout_activity, "reconcile", lambda *_: PassResult(ended=False, state="running"))
    monkeypatch.setattr(runner, "run_host_steps", lambda *_: StepResult(NextAction.NEXT))
    asked = {name: unwrap(functions()[name].get_user_function()) for name in (RECONCILE_POOL, RUN_HOST_STEPS)}
    answers = {name: run({}, object()) for name, run in asked.items()}
    for which, history in HISTORIES.items():
        called = {event.eventId: event.taskScheduled.name for event in history if event.HasField("taskScheduled")}
        missing = {orchestrator_of(history), *called.values()} - functions().keys()
        assert not missing, f"{which}: {HELP}"
        for event in history:
            if event.HasField("taskCompleted"):
                name, result = called[event.taskCompleted.taskScheduledId], event.taskCompleted.result.value
                today = answers.get(name, answers[RUN_HOST_STEPS])
                assert json.loads(result).keys() <= today.keys(), f"{which}: {name} must answer this still. {HELP}"


def test_an_orchestration_begins_with_the_version_of_the_app_and_continues_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So one that never ends does not keep old code alive."""
    host = json.loads((ROOT / "host.json").read_text())
    assert host["extensions"]["durableTask"]["defaultVersion"] == ORCHESTRATION_VERSION
    for module, name in ((publish_image_module, "publish_image"), (run_steps, "reimage_host")):
        monkeypatch.setattr(module, "TURNS", 1)
        history = HISTORIES[f"{releases.RELEASE} {name}"]
        begun_earlier = [*history]
        begun_earlier[1] = HistoryEvent()
        begun_earlier[1].CopyFrom(history[1])
        begun_earlier[1].executionStarted.version.value = "0"
        ends = [
            action.completeOrchestration
            for past, new in moments(begun_earlier)
            for action in turn(DurableFunctionsWorker(), ALL[name], past, new).actions
            if action.completeOrchestration.orchestrationStatus == ORCHESTRATION_STATUS_CONTINUED_AS_NEW
        ]
        assert ends
        assert ends[0].newVersion.value == ORCHESTRATION_VERSION


def test_every_orchestration_of_every_release_is_there() -> None:
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    kept: dict[str, set[str]] = {}
    for release, _, history in recorded():
        kept.setdefault(release, set()).add(orchestrator_of(history))
    assert kept
    assert set(released) <= kept.keys(), f"record the histories of a release: {releases.__doc__}"
    assert all(names <= ALL.keys() for names in kept.values()), "an orchestration that may still run is gone"
    assert kept[releases.RELEASE] == ALL.keys()
    versions = {int(history[1].executionStarted.version.value) for _, _, history in recorded()}
    assert max(versions) <= int(ORCHESTRATION_VERSION), "the engine would give what runs to nobody"


def in_another_order(context: OrchestrationContext, given: dict[str, Any]) -> Generator[Any, Any, Any]:
    """A change that must not be deployed: it waits before it works."""
    yield context.create_timer(context.current_utc_datetime)
    return (yield from publish_image(context, given))


def by_another_name(context: OrchestrationContext, given: dict[str, Any]) -> Generator[Any, Any, Any]:
    """A change that must not be deployed: the activity was renamed."""
    yield context.call_activity("look_at_pool", input=given)


def only_for_new_ones(context: OrchestrationContext, given: dict[str, Any]) -> Generator[Any, Any, Any]:
    """How such a change is deployed: what was begun before it goes on as it was."""
    if context.version == "2":
        return (yield from in_another_order(context, given))
    return (yield from publish_image(context, given))


@pytest.mark.parametrize("changed", [in_another_order, by_another_name])
def test_a_change_that_would_break_running_orchestrations_is_found(changed: Callable[..., Any]) -> None:
    history = HISTORIES[f"{releases.RELEASE} publish_image"]
    assert "determinis" in failures(changed, history)[0]


def test_a_change_for_new_orchestrations_only_is_fine() -> None:
    assert failures(only_for_new_ones, HISTORIES[f"{releases.RELEASE} publish_image"]) == []
