"""Set as image when things go badly: a busy Azure, withdrawn rights, lost answers, and requests that make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from activities.task import TASK_STEP_RUNS
from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureForbidden, StaleRow
from shared.core.names import REPLICATE_VERSION, SWITCH_VERSION
from shared.core.states import TaskState, VersionState
from shared.core.steps import NextAction
from shared.models.pools import Ring
from shared.records.change import ATTEMPTS
from shared.services import TASKS
from shared.tasks.recovery import resume_lost_tasks
from shared.workflow.task_runner import run_task_step
from tests.fixtures.audit import changes
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import (
    IMAGE,
    NEW,
    OLD,
    add_pool,
    assert_at_rest,
    excluded,
    post,
    recorded,
    states,
    studio,
)
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID, TEMPLATE_ID

BUSY = AzureBusy("call", 429, "TooManyRequests", "later", retry_after=600)
AWAY = AzureBusy("tables", 503, "ServerBusy", "later")
NO_RIGHT = AzureForbidden("call", 403, "AuthorizationFailed", "no right")


def set_as_image(env: Environment, **body: Any) -> str:
    """Ask for it; the task's id."""
    reply = post(env, "/set-as-image", body)
    assert reply.status == 202, reply.text
    return str(reply.json["id"])


def hours_of(env: Environment, task_id: str) -> float:
    """How long the task has been under way."""
    return (env.app.now - env.task(task_id).created_at).total_seconds() / 3600


def test_an_activation_survives_a_429_after_a_day_of_soak() -> None:
    env = studio(staged=True)
    add_pool(env, "lab", Ring.TEST)
    add_pool(env, "office", Ring.PRODUCTION)
    body = {"update_pools": "all", "schedule": {"mode": "now"}, "soak_minutes": 24 * 60}
    task_id = str(post(env, "/activate", body).json["id"])
    env.run(23.5)
    env.app.world.fail("host_pool", BUSY, target="hp-office")
    task = env.finish(task_id)
    assert task.state is TaskState.SUCCEEDED, task.note
    assert not [fault for fault in env.app.world.faults if fault.times]


def test_a_capture_of_thirteen_hours_survives_a_429_near_its_end() -> None:
    env = studio()
    poll = env.app.settings.operation_poll
    env.app.world.resumes_needed = int(840 / poll)
    env.app.world.replication_looks = int(11 * 3600 / poll)
    task_id = set_as_image(env)
    env.run(until=lambda: env.task(task_id).step == REPLICATE_VERSION)
    before = hours_of(env, task_id)
    env.run(until=lambda: hours_of(env, task_id) > before + 10.8)
    assert (hours_of(env, task_id) > 12, env.task(task_id).step) == (True, REPLICATE_VERSION)
    env.app.world.fail("version", BUSY)
    task = env.finish(task_id)
    assert task.state is TaskState.SUCCEEDED, task.note
    assert env.app.world.faults[0].times == 0
    assert_at_rest(env)


def test_a_task_fails_after_twelve_hours_of_continuous_throttling() -> None:
    env = studio()
    env.app.world.fail("start_prepare", BUSY, times=10**9)
    task_id = set_as_image(env)
    env.run(11.5)
    assert (env.task(task_id).step, env.task(task_id).failure) == ("prepare_copy", "")
    task = env.finish(task_id)
    assert task.state is TaskState.FAILED
    assert "too busy for 12 hours" in task.failure
    assert 12 < hours_of(env, task_id) < 14
    assert_at_rest(env)


@pytest.mark.parametrize("kind", [AzureBusy, AzureConflict])
@pytest.mark.parametrize("method", ["start_snapshot", "start_prepare"])
def test_a_wait_longer_than_the_step_may_take_does_not_fail_the_task(kind: type[AzureError], method: str) -> None:
    env = studio()
    env.app.world.fail(method, kind(method, 409, "Conflict", "wait", retry_after=10_000), times=2)
    task = env.finish(set_as_image(env))
    assert task.state is TaskState.SUCCEEDED, task.note
    assert task.busy_since is None


def test_hours_of_throttling_are_counted_from_the_last_answer() -> None:
    env = studio()
    world = env.app.world
    task_id = set_as_image(env)
    for method in ("start_prepare", "version", "start_image"):
        world.fail(method, BUSY, times=60)
    task = env.finish(task_id)
    assert task.state is TaskState.SUCCEEDED, task.note
    assert hours_of(env, task_id) > 24
    assert task.busy_since is None


def test_throttling_never_ends_the_clean_up() -> None:
    env = studio()
    env.app.world.fail("start_removal", BUSY, times=100)
    task = env.finish(set_as_image(env))
    assert task.state is TaskState.SUCCEEDED, task.note
    assert task.capture is not None
    assert task.capture.left_over == ()
    assert hours_of(env, task.id) > 16
    assert_at_rest(env)


def test_a_revoked_right_on_the_template_does_not_block_the_image_forever() -> None:
    env = studio(power="running")
    world = env.app.world

    def withdraw() -> None:
        world.refuse("machine", TEMPLATE_ID)
        world.refuse("template", TEMPLATE_ID)

    world.meanwhile("start_snapshot", withdraw)
    world.fail("start_snapshot", NO_RIGHT)
    task = env.finish(set_as_image(env, power_off=True), hours=6)
    assert task.state is TaskState.FAILED
    assert task.capture is not None
    (left,) = task.capture.left_over
    assert left.startswith(f"{TEMPLATE_ID}: could not be started again")
    assert recorded(env).state.capture == ""
    assert states(env)[NEW] is VersionState.FAILED


@pytest.mark.parametrize("method", ["owner", "version", "machine", "resume"])
def test_the_clean_up_ends_whichever_read_is_forbidden(method: str) -> None:
    env = studio(power="running")
    task_id = set_as_image(env, power_off=True)
    env.run(until=lambda: env.task(task_id).step == REPLICATE_VERSION)
    env.app.world.refuse(method)
    env.app.send("POST", f"/api/tasks/{task_id}/cancel")
    task = env.finish(task_id, hours=24)
    assert task.state in {TaskState.CANCELLED, TaskState.FAILED}
    assert recorded(env).state.capture == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "2147483648.0.0"}, "version"),
        ({"version": "2.0.9999999999"}, "version"),
        ({"regions": [{"name": "westeurope"}, {"name": "2 north"}]}, "regions"),
        ({"regions": [{"name": "westeurope"}, {"name": "a b"}]}, "regions"),
        ({"regions": [{"name": "westeurope"}, {"name": "x" * 41}]}, "regions"),
        ({"regions": [{"name": "westeurope"}, {"name": "north-europe"}]}, "regions"),
    ],
)
def test_a_number_the_gallery_cannot_take_is_refused_before_the_template_is_switched_off(
    body: dict[str, Any], field: str
) -> None:
    env = studio(power="running")
    reply = post(env, "/set-as-image", {"power_off": True, **body})
    assert reply.status == 400, reply.text
    assert field in {name.split(".")[0] for name in reply.bad_fields}
    assert env.app.tables.tasks.all(TASKS) == []


@pytest.mark.parametrize("name", ["North Europe", "westus2", "uae", "USGov Virginia"])
def test_region_names_are_accepted_as_azure_writes_them(name: str) -> None:
    env = studio()
    task = env.task(set_as_image(env, regions=[{"name": "West Europe"}, {"name": name}]))
    assert task.capture is not None
    assert [region.name for region in task.capture.regions] == ["West Europe", name]


def test_the_highest_possible_version_number_is_accepted() -> None:
    env = studio()
    highest = "2147483647.2147483647.2147483647"
    assert env.finish(set_as_image(env, version=highest)).version == highest


def test_a_version_part_that_cannot_be_raised_is_reported() -> None:
    env = studio()
    env.app.world.add_version("2147483647.0.0")
    reply = post(env, "/set-as-image")
    assert (reply.status, reply.bad_fields) == (400, {"step"})
    assert env.task(set_as_image(env, step="minor")).version == "2147483647.1.0"


def test_an_instance_without_a_task_row_stops() -> None:
    env = studio()
    given: dict[str, object] = {"task": "gone", "run": 1}
    step = TASK_STEP_RUNS[SWITCH_VERSION]
    assert run_task_step(env.app.services, env.app.engine, given, SWITCH_VERSION, step).action is NextAction.STOP


def replicas_of(env: Environment, version: str) -> dict[str, int]:
    return env.app.world.versions[DEFINITION_ID.lower()][version].replicas


def test_a_version_is_replicated_to_every_region_of_the_pools_of_the_image() -> None:
    env = studio()
    world = env.app.world
    for name, region in (
        ("office", "northeurope"),
        ("lab", "westeurope"),
        ("far", "uksouth"),
        ("secret", "italynorth"),
    ):
        add_pool(env, name, image="other" if name == "far" else IMAGE)
        machine = next(m for m in world.machines.values() if m.name == f"{name}-0")
        world.change_machine(machine.id, location=region)
    versions = world.versions[DEFINITION_ID.lower()]
    versions[OLD] = versions[OLD].model_copy(update={"replicas": {"westeurope": 3, "swedencentral": 2}})
    world.refuse("session_hosts", HOST_POOL_ID.replace("hp-office", "hp-secret"))
    env.finish(set_as_image(env))
    assert replicas_of(env, NEW) == {"westeurope": 3, "swedencentral": 2, "northeurope": 1}


@pytest.mark.parametrize(
    ("table", "knob", "method"),
    [
        ("versions", "failures", "write_many"),
        ("tasks", "lost_answers", "add"),
    ],
)
def test_a_started_task_is_never_answered_with_busy(table: str, knob: str, method: str) -> None:
    env = studio()
    app = env.app
    getattr(getattr(app.tables, table), knob)[method] = [AWAY]
    path, key = f"/api/images/{IMAGE}/set-as-image", {"Idempotency-Key": "k1"}
    first = app.send("POST", path, {}, headers=key)
    assert first.status == 202, first.text
    env.timers.append(lambda: resume_lost_tasks(app.services, app.engine))
    env.run(0.1)
    again = app.send("POST", path, {}, headers=key)
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    task = env.finish(first.json["id"])
    assert task.state is TaskState.SUCCEEDED
    assert [found.id for found in app.tables.tasks.all(TASKS)] == [task.id]
    assert_at_rest(env)


def test_a_refused_task_whose_row_cannot_be_removed_is_answered_as_accepted() -> None:
    """It is on record, and the resume timer drives it: a 503 or 409 would say that nothing happens."""
    env = studio()
    env.app.tables.versions.failures["write_many"] = [StaleRow("ImageVersions", IMAGE)] * ATTEMPTS
    env.app.tables.tasks.failures["remove"] = [AWAY]
    assert env.finish(set_as_image(env)).state is TaskState.SUCCEEDED


def test_the_start_is_audited_even_when_the_first_step_reserves_the_image() -> None:
    env = studio()
    env.app.tables.versions.failures["write_many"] = [AWAY]
    env.finish(set_as_image(env))
    text = [entry.after for entry in changes(env.app.tables, f"{env.app.now:%Y-%m}")]
    assert sorted(text) == [f"{NEW} (staged)", f"{NEW} (started)"]


def test_a_task_that_was_not_written_is_answered_with_busy_and_does_nothing() -> None:
    env = studio()
    env.app.tables.tasks.failures["add"] = [AWAY]
    assert post(env, "/set-as-image").status == 503
    env.run(1)
    assert env.app.tables.tasks.all(TASKS) == []
    assert excluded(env) == {OLD: False}
