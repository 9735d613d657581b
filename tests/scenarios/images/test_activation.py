"""Activating and rolling back: what moves at once, which pools are updated when, and what survives a crash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureForbidden
from shared.core.states import TaskState, VersionState
from shared.models.pools import Ring
from shared.services import ROLLOUTS, TASKS
from shared.tasks.recovery import resume_lost_tasks
from tests.fixtures.audit import changes
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import (
    NEW,
    OLD,
    activated,
    add_pool,
    assert_at_rest,
    assert_sound,
    excluded,
    get,
    given_out,
    on_versions,
    post,
    recorded,
    states,
    studio,
)
from tests.fixtures.world.azure import DEFINITION_ID

NOW: dict[str, Any] = {"schedule": {"mode": "now"}, "soak_minutes": 0}
ALL: dict[str, Any] = {"update_pools": "all", **NOW}


def ask(env: Environment, what: str = "activate", **body: Any) -> str:
    """Ask for it; the task's id."""
    reply = post(env, f"/{what}", body)
    assert reply.status == 202, reply.text
    return str(reply.json["id"])


def staged(*pools: tuple[str, Ring], **fields: Any) -> Environment:
    """2.0.0 staged, 1.0.0 active, and these pools on 1.0.0."""
    env = studio(staged=True)
    for name, ring in pools:
        add_pool(env, name, ring, **fields)
    return env


def test_an_activation_changes_the_version_of_new_hosts_at_once_and_touches_no_host() -> None:
    env = staged(("office", Ring.PRODUCTION))
    assert given_out(env, "office") == OLD
    task_id = ask(env)
    assert given_out(env, "office") == NEW
    task = env.finish(task_id)
    assert (task.state, task.version, task.from_version) == (TaskState.SUCCEEDED, NEW, OLD)
    assert states(env) == {OLD: VersionState.BACKUP, NEW: VersionState.ACTIVE}
    assert excluded(env) == {OLD: True, NEW: False}
    assert on_versions(env, "office") == {OLD}
    assert env.app.tables.rollouts.all(ROLLOUTS) == []
    assert_at_rest(env)


def test_an_activation_also_sets_the_exclusion_flags_of_regions() -> None:
    env = staged()
    versions = env.app.world.versions[DEFINITION_ID.lower()]
    for name, flag in ((OLD, True), (NEW, False)):  # as the version should be, but one of its regions is not
        versions[name] = versions[name].model_copy(update={"exclude_from_latest": flag, "regions_differ": True})
    env.finish(ask(env))
    assert excluded(env) == {OLD: True, NEW: False}
    assert not any(found.regions_differ for found in versions.values())


def test_new_hosts_of_a_pool_to_be_updated_get_the_old_version_until_its_canary_passed() -> None:
    env = staged(("office", Ring.PRODUCTION), ("other", Ring.PRODUCTION), hosts=3)
    seen: list[tuple[bool, str]] = []
    policy = {"canary_hosts": 1, "settle_seconds": 0}
    task_id = ask(env, update_pools=["office"], **NOW, policy=policy)
    assert given_out(env, "other") == NEW

    def watch() -> None:
        rollouts = env.app.tables.rollouts.all(ROLLOUTS)
        seen.append((bool(rollouts and rollouts[0].progress.canary_passed_at), given_out(env, "office")))

    watch()
    env.each_step.append(watch)
    env.finish(task_id)
    assert {version for passed, version in seen if not passed} == {OLD}
    assert {version for passed, version in seen if passed} == {NEW}
    assert on_versions(env, "office") == {NEW}
    assert on_versions(env, "other") == {OLD}
    assert_at_rest(env)


def test_rings_are_updated_one_after_the_other_with_a_soak_between_them() -> None:
    env = staged(("p1", Ring.PRODUCTION), ("p2", Ring.PRODUCTION), ("pilot", Ring.PILOT), ("lab", Ring.TEST))
    task_id = ask(env, **{**ALL, "soak_minutes": 90})
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    found = {rollout.pool: rollout for rollout in env.app.tables.rollouts.all(ROLLOUTS)}
    assert set(found) == {"p1", "p2", "pilot", "lab"}
    for before, after in [("lab", "pilot"), ("pilot", "p1"), ("pilot", "p2")]:
        ended = found[before].ended_at
        assert ended is not None
        assert found[after].created_at >= ended + timedelta(minutes=90)
        assert found[after].created_at < ended + timedelta(minutes=92)
    assert {found[pool].task for pool in found} == {task_id}
    assert_at_rest(env)


def test_a_failed_ring_stops_the_later_rings() -> None:
    env = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    env.app.world.refuse("start_reimage", "lab-0")
    policy = {"retries": 0, "on_failure": "continue"}
    task = env.finish(ask(env, **ALL, policy=policy))
    assert task.state is TaskState.FAILED
    assert "lab" in str(task.note)
    assert "Pools that were not started: office" in str(task.note)
    assert on_versions(env, "office") == {OLD}
    assert given_out(env, "office") == OLD  # the version has failed in ring test
    assert states(env)[NEW] is VersionState.ACTIVE
    assert_sound(env)


def test_an_update_waits_for_a_pool_held_by_another_rollout() -> None:
    env = staged(("office", Ring.TEST), hosts=1, users=1)
    later = env.app.now + timedelta(hours=4)
    body = {"version": OLD, "schedule": {"mode": "on_logoff", "deadline": later.isoformat()}}
    held = env.app.send("POST", "/api/pools/office/update-image", {**body, "version": NEW})
    assert held.status == 202, held.text
    task_id = ask(env, **ALL)
    env.run(1)
    assert "waits" in str(env.task(task_id).note)
    assert held.json["id"] in str(env.task(task_id).note.href)
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert on_versions(env, "office") == {NEW}


def test_a_cancelled_activation_starts_no_further_ring() -> None:
    env = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, **{**ALL, "soak_minutes": 600})
    env.run(until=lambda: "waits" in str(env.task(task_id).note))
    assert env.app.send("POST", f"/api/tasks/{task_id}/cancel").status == 202
    task = env.finish(task_id)
    assert task.state is TaskState.CANCELLED
    assert on_versions(env, "office") == {OLD}
    assert states(env)[NEW] is VersionState.ACTIVE


@pytest.mark.parametrize("body", [{"update_pools": "all"}, {"update_pools": ["nope"], **NOW}, {"update_pools": "some"}])
def test_invalid_pool_selections_are_refused(body: dict[str, Any]) -> None:
    env = staged(("office", Ring.PRODUCTION))
    reply = post(env, "/activate", body)
    assert (reply.status, recorded(env).state.active) == (400, OLD)
    assert env.app.tables.tasks.all(TASKS) == []


def test_a_pool_that_cannot_be_updated_stops_the_activation_before_any_change() -> None:
    env = staged(("office", Ring.PRODUCTION))
    env.app.world.fail("host_pool", AzureForbidden("host_pool", 403, "AuthorizationFailed", "no right"))
    reply = post(env, "/activate", ALL)
    assert reply.status == 422
    assert "pool office" in reply.text
    assert recorded(env).state.active == OLD
    assert env.app.tables.tasks.all(TASKS) == []


def test_an_activation_without_a_staged_version_is_refused() -> None:
    reply = post(studio(), "/activate")
    assert reply.status == 409
    assert "No version of this image is staged" in reply.json["detail"]


def test_activating_a_version_that_failed_its_test_needs_force() -> None:
    env = staged()
    assert post(env, f"/versions/{NEW}/verdict", {"result": "failed", "note": "no sound"}).status == 200
    assert post(env, "/activate").status == 409
    assert env.finish(ask(env, force=True)).state is TaskState.SUCCEEDED


def test_without_a_backup_a_roll_back_to_the_old_version_is_refused() -> None:
    env = staged()
    env.finish(ask(env, backup=False))
    assert states(env)[OLD] is VersionState.REPLACED
    assert post(env, "/roll-back").status == 409


def test_of_ten_concurrent_activations_one_wins() -> None:
    env = staged()
    with ThreadPoolExecutor(10) as people:
        replies = list(people.map(lambda _: post(env, "/activate"), range(10)))
    assert sorted(reply.status for reply in replies) == [202, *[409] * 9]
    (task,) = env.app.tables.tasks.all(TASKS)
    assert env.finish(task.id).state is TaskState.SUCCEEDED
    assert_at_rest(env)


def test_rolling_back_and_activating_again_works() -> None:
    env = staged(("office", Ring.PRODUCTION), hosts=2)
    env.finish(ask(env, **ALL))
    assert on_versions(env, "office") == {NEW}
    back = env.finish(ask(env, "roll-back", **ALL))
    assert (back.version, back.from_version) == (OLD, NEW)
    assert (on_versions(env, "office"), given_out(env, "office")) == ({OLD}, OLD)
    assert states(env) == {OLD: VersionState.ACTIVE, NEW: VersionState.BACKUP}
    assert excluded(env) == {OLD: False, NEW: True}
    assert post(env, "/roll-back").status == 409  # nothing below it
    env.finish(ask(env, "roll-back", version=NEW))
    assert recorded(env).state.active == NEW
    assert_at_rest(env)


def test_a_roll_back_cancels_rollouts_to_the_version_that_is_rolled_back() -> None:
    env = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION), hosts=2, users=1)
    deadline = (env.app.now + timedelta(hours=8)).isoformat()
    first = ask(env, update_pools="all", soak_minutes=0, schedule={"mode": "on_logoff", "deadline": deadline})
    env.run(1)
    assert env.rollouts() == {"lab": "running"}
    back = ask(env, "roll-back", **ALL)
    assert env.finish(back).state is TaskState.SUCCEEDED
    assert env.finish(first).state is TaskState.FAILED
    assert "Another task has changed the active version" in str(env.task(first).note)
    for pool in ("lab", "office"):
        assert (on_versions(env, pool), given_out(env, pool)) == ({OLD}, OLD)
    assert_at_rest(env)


def test_exclusion_flags_that_cannot_be_set_are_reported_and_no_pool_is_updated() -> None:
    env = staged(("office", Ring.PRODUCTION))
    env.app.world.refuse("start_exclude")
    task = env.finish(ask(env, **ALL))
    assert task.state is TaskState.FAILED
    assert "2.0.0 is active" in str(task.note)
    assert on_versions(env, "office") == {OLD}


def test_tasks_and_audit_record_every_change_with_from_and_to() -> None:
    env = staged(("office", Ring.PRODUCTION))
    task_id = ask(env, **ALL, reason="patch day")
    env.finish(task_id)
    listed = get(env, f"/tasks/{task_id}")
    assert (listed["kind"], listed["from_version"], listed["version"]) == ("activate", OLD, NEW)
    assert list(listed["rollouts"]) == ["office"]
    entries = {e.action: e for e in changes(env.app.tables, f"{env.app.now:%Y-%m}")}
    assert (entries["activate version"].before, entries["activate version"].after) == (OLD, NEW)
    assert "patch day" in entries["activate version"].detail
    assert (entries["update image"].before, entries["update image"].after) == (OLD, NEW)


def before(what: str) -> Environment:
    """Ready to be activated, or rolled back: a host in ring test, and a production pool without any."""
    env = studio(staged=True) if what == "activate" else activated(studio())
    version = OLD if what == "activate" else NEW
    add_pool(env, "lab", Ring.TEST, version=version)
    add_pool(env, "office", hosts=0, version=version)
    return env


@pytest.mark.parametrize("what", ["activate", "roll-back"])
def test_the_process_may_die_at_any_call(what: str) -> None:
    """It is asked for once; if that dies before it is on record, it is asked for again. Hosts are rebuilt once."""
    target = NEW if what == "activate" else OLD
    env = before(what)
    made_ready = env.calls
    env.finish(ask(env, what, **ALL))
    last = env.calls - made_ready
    assert last > 60
    for number in range(1, last + 1):
        env = before(what)
        env.die_at_call(number)
        env.survive(lambda: ask(env, what, **ALL))  # noqa: B023 - called at once
        for task in env.app.tables.tasks.all(TASKS):
            env.finish(task.id)
        if recorded(env).state.active != target:
            assert env.app.tables.tasks.all(TASKS) == [], number
            env.finish(ask(env, what, **ALL))
        assert env.died == 1, number
        assert recorded(env).state.active == target, number
        assert on_versions(env, "lab") == {target}, number
        assert env.rollouts() == {"lab": "succeeded", "office": "succeeded"}, number
        assert env.app.world.count("start_reimage") == 1, number
        assert_at_rest(env)


def test_an_interrupted_task_does_not_repeat_an_activation_that_was_rolled_back_since() -> None:
    env = activated(studio())
    first = env.task(ask(env, "roll-back"))
    env.app.engine.tasks.clear()  # nobody drives it: the process died just after its switch
    env.app.tables.tasks.replace(first.model_copy(update={"phase": ""}))
    env.app.later(minutes=1)
    env.finish(ask(env, "roll-back", version=NEW))
    resume_lost_tasks(env.app.services, env.app.engine)
    task = env.finish(first.id)
    assert (task.state, recorded(env).state.active) == (TaskState.FAILED, NEW)
    assert "changed the active version in the meantime" in str(task.note)
    assert_at_rest(env)
