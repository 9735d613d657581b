"""Set as image, from the request to the end: what it makes, what it leaves alone, and what it puts right."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureRefused, OperationFailed, UnreadableOperation
from shared.core.states import TaskState, VersionState
from shared.services import TASKS
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import NEW, OLD, assert_at_rest, excluded, get, post, recorded, states, studio
from tests.fixtures.world.azure import TEMPLATE_ID

KINDS = ["snapshot", "disk", "clone", "prepare", "image", "version"]


def set_as_image(env: Environment, **body: Any) -> str:
    """Ask for it; the task's id."""
    reply = post(env, "/set-as-image", body)
    assert reply.status == 202, reply.text
    assert reply.headers["Location"] == f"/api/tasks/{reply.json['id']}"
    return str(reply.json["id"])


@pytest.mark.parametrize("security_type", ["", "TrustedLaunch", "TrustedLaunchSupported"])
def test_a_new_version_is_staged_and_the_current_one_stays(security_type: str) -> None:
    env = studio(security_type=security_type)
    task = env.finish(set_as_image(env, notes="May updates"))
    assert (task.state, task.version, task.percent) == (TaskState.SUCCEEDED, NEW, 100)
    assert states(env) == {OLD: VersionState.ACTIVE, NEW: VersionState.STAGED}
    assert excluded(env) == {OLD: False, NEW: True}
    row = recorded(env).versions[NEW]
    assert (row.notes, row.backup_wanted, row.created_by) == ("May updates", True, "developer")
    assert env.app.world.machines[TEMPLATE_ID.lower()].power == "deallocated"
    assert env.app.world.count("start_image") == (security_type == "TrustedLaunchSupported")
    assert_at_rest(env)


def test_a_running_template_is_switched_off_only_when_asked_and_started_again() -> None:
    env = studio(power="running")
    refused = post(env, "/set-as-image")
    assert refused.status == 409
    assert "power off & set as image" in refused.json["detail"]
    assert env.app.tables.tasks.all(TASKS) == []
    env.finish(set_as_image(env, power_off=True))
    assert states(env)[NEW] is VersionState.STAGED
    assert env.app.world.machines[TEMPLATE_ID.lower()].power == "running"
    assert_at_rest(env)


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ({}, "2.0.0"),
        ({"step": "minor"}, "1.1.0"),
        ({"step": "patch"}, "1.0.1"),
        ({"version": "1.4.2"}, "1.4.2"),
        ({"version": "10.0.0"}, "10.0.0"),
    ],
)
def test_the_new_version_gets_the_next_number(body: dict[str, Any], version: str) -> None:
    env = studio()
    assert env.finish(set_as_image(env, **body)).version == version
    assert recorded(env).state.staged == version


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "1.0.0"}, "version"),
        ({"version": "0.9.0"}, "version"),
        ({"version": "2.0.0", "step": "minor"}, "step"),
        ({"backup": False}, "backup"),
        ({"regions": [{"name": "North Europe"}]}, "regions"),
        ({"regions": [{"name": "West Europe"}, {"name": "westeurope"}]}, "regions"),
        ({"step": "huge"}, "step"),
        ({"regions": []}, "regions"),
    ],
)
def test_invalid_fields_are_named(body: dict[str, Any], field: str) -> None:
    env = studio()
    reply = post(env, "/set-as-image", body)
    assert reply.status == 400
    assert field in {name.split(".")[0] for name in reply.bad_fields}
    assert env.app.tables.tasks.all(TASKS) == []
    assert states(env) == {OLD: VersionState.ACTIVE}


def test_all_that_does_not_fit_is_named_at_once_whatever_the_template_does() -> None:
    env = studio(power="running")
    twice = [{"name": "North Europe"}, {"name": "northeurope"}]
    reply = post(env, "/set-as-image", {"version": "1.0.0", "step": "minor", "backup": False, "regions": twice})
    assert (reply.status, reply.bad_fields) == (400, {"version", "step", "backup", "regions"})
    assert len(reply.json["errors"]) == 5


def test_a_second_capture_of_an_image_is_refused() -> None:
    env = studio()
    first = set_as_image(env)
    second = post(env, "/set-as-image")
    assert (second.status, second.json["task"]) == (409, first)
    assert env.finish(first).state is TaskState.SUCCEEDED
    third = post(env, "/set-as-image")
    assert third.status == 409
    assert "Activate or discard it first" in third.json["detail"]
    assert len(env.app.tables.tasks.all(TASKS)) == 1


def test_progress_rises_with_each_step() -> None:
    env = studio()
    task_id = set_as_image(env)
    seen: list[tuple[int, str]] = []
    env.each_step.append(lambda: seen.append((env.task(task_id).percent, env.task(task_id).step)))
    env.finish(task_id)
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert len(set(percents)) > 10
    view = get(env, f"/tasks/{task_id}")
    assert [step["name"] for step in view["steps"]][-1] == "cleaning up"
    assert all(step["ended_at"] for step in view["steps"])


def test_a_version_captured_without_staging_becomes_active_and_the_old_one_a_backup() -> None:
    env = studio()
    task = env.finish(set_as_image(env, stage=False))
    assert task.capture is not None
    env.finish(task.capture.activation)
    assert states(env) == {OLD: VersionState.BACKUP, NEW: VersionState.ACTIVE}
    assert_at_rest(env)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("power", ["running", "deallocated"])
def test_a_failure_in_any_step_is_cleaned_up(kind: str, power: str) -> None:
    env = studio(power=power)
    error = OperationFailed(kind, None, "InternalError", "no luck today")
    env.app.world.fail_operation(kind, error)
    task = env.finish(set_as_image(env, power_off=True))
    assert task.state is TaskState.FAILED
    assert "no luck today" in str(task.note)
    assert states(env) == {OLD: VersionState.ACTIVE, NEW: VersionState.FAILED}
    assert env.app.world.machines[TEMPLATE_ID.lower()].power == power
    assert NEW not in excluded(env)
    assert_at_rest(env)
    again = env.finish(set_as_image(env, power_off=True))
    assert (again.state, again.version) == (TaskState.SUCCEEDED, NEW)


def test_resources_that_cannot_be_removed_are_listed_and_block_nothing() -> None:
    env = studio()
    env.app.world.fail("start_removal", AzureRefused("delete", 400, "ScopeLocked", "a lock"), times=9, target="/disks/")
    env.app.world.fail(
        "start_removal", AzureRefused("delete", 400, "ScopeLocked", "a lock"), times=9, target="/snapshots/"
    )
    task = env.finish(set_as_image(env))
    assert task.state is TaskState.SUCCEEDED
    assert task.capture is not None
    assert any("/snapshots/" in left and "a lock" in left for left in task.capture.left_over)
    assert "1 item could not be cleaned up" in str(task.note)
    assert get(env, f"/tasks/{task.id}")["left_over"] == list(task.capture.left_over)


def test_resources_without_the_tag_of_the_task_are_not_touched() -> None:
    env = studio()
    task_id = set_as_image(env)
    env.run(until=lambda: env.task(task_id).step == "create_copy")
    snapshot = next(thing for thing in env.app.world.things.values() if thing.kind == "snapshot")
    snapshot.task = "somebody else"
    task = env.finish(task_id)
    assert snapshot.id.lower() in env.app.world.things
    assert task.capture is not None
    assert [left for left in task.capture.left_over if "does not carry" in left]


@pytest.mark.parametrize("step", ["snapshot_template", "prepare_copy", "capture_version", "replicate_version"])
def test_a_cancelled_capture_leaves_nothing_behind(step: str) -> None:
    env = studio(power="running")
    task_id = set_as_image(env, power_off=True)
    env.run(until=lambda: env.task(task_id).step == step)
    assert env.app.send("POST", f"/api/tasks/{task_id}/cancel").status == 202
    task = env.finish(task_id)
    assert task.state is TaskState.CANCELLED
    assert states(env)[NEW] is VersionState.FAILED
    assert NEW not in excluded(env)
    assert env.app.world.machines[TEMPLATE_ID.lower()].power == "running"
    assert_at_rest(env)


def test_an_operation_that_never_ends_fails_the_task_at_its_limit() -> None:
    env = studio()
    env.app.world.resumes_needed = 10**9
    task = env.finish(set_as_image(env))
    assert task.state is TaskState.FAILED
    assert "did not finish within" in task.failure


def test_a_version_created_by_somebody_else_under_the_same_number_is_not_touched() -> None:
    env = studio(security_type="")
    task_id = set_as_image(env)
    env.run(until=lambda: env.task(task_id).step == "prepare_copy")
    env.app.world.add_version(NEW)
    task = env.finish(task_id)
    assert task.state is TaskState.FAILED
    assert "start again with another number" in str(task.note)
    assert excluded(env)[NEW] is False


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ephemeral": True}, "ephemeral"),
        ({"windows": False}, "does not run Windows"),
        ({"location": "northeurope"}, "Use one region"),
        ({"security": {"securityType": "TrustedLaunch"}}, "takes versions only from VMs without"),
    ],
)
def test_an_unusable_template_is_refused(changes: dict[str, Any], text: str) -> None:
    env = studio()
    env.app.world.add_template(**({"security": {}} | changes))
    reply = post(env, "/set-as-image")
    assert reply.status == 409
    assert text in reply.json["detail"]


def calls_of_one_run(power: str) -> int:
    env = studio(power=power)
    before = env.calls
    env.finish(set_as_image(env, power_off=True))
    return env.calls - before


@pytest.mark.parametrize("power", ["running", "deallocated"])
def test_the_process_may_die_at_any_call(power: str) -> None:
    """It is asked for once; if that dies before it is on record, it is asked for again."""
    last = calls_of_one_run(power)
    assert last > 60
    for number in range(1, last + 1):
        env = studio(power=power)
        env.die_at_call(number)
        env.survive(lambda: set_as_image(env, power_off=True))  # noqa: B023 - called at once
        for task in env.app.tables.tasks.all(TASKS):
            env.finish(task.id)
        if recorded(env).state.staged is None:
            assert env.app.tables.tasks.all(TASKS) == [], number
            env.finish(set_as_image(env, power_off=True))
        assert env.died == 1, number
        assert states(env) == {OLD: VersionState.ACTIVE, NEW: VersionState.STAGED}, number
        assert env.app.world.machines[TEMPLATE_ID.lower()].power == power, number
        assert_at_rest(env)


@pytest.mark.parametrize("kind", ["deallocate", "power_on", *KINDS, "remove"])
def test_the_app_may_be_updated_to_one_that_cannot_ask_after_what_was_begun(kind: str) -> None:
    env = studio(power="running")
    world, unread = env.app.world, set[str]()

    def updated() -> None:
        unread.update(token for token, running in world.running.items() if running.kind == kind)
        world.failures.update(dict.fromkeys(unread, UnreadableOperation(kind)))

    env.each_step.append(updated)
    task = set_as_image(env, power_off=True)
    env.run(60, until=lambda: bool(unread))
    env.each_step.remove(updated)
    assert unread
    env.finish(task)
    assert states(env) == {OLD: VersionState.ACTIVE, NEW: VersionState.STAGED}
    assert world.machines[TEMPLATE_ID.lower()].power == "running"
    assert_at_rest(env)
