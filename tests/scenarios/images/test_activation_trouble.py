"""Activations in a world that goes on meanwhile: nothing is skipped, slips by a day, or fails for a passing reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureBusy, OperationFailed
from shared.core.states import TaskState, VersionState
from shared.models.images import GalleryVersion
from shared.models.pools import Pool, Ring
from shared.services import POOLS, ROLLOUTS, TASKS
from shared.tasks.recovery import resume_lost_tasks
from tests.fixtures.audit import changes
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios import promotions
from tests.fixtures.scenarios.images import (
    IMAGE,
    NEW,
    OLD,
    activated,
    add_pool,
    assert_at_rest,
    given_out,
    on_versions,
    post,
    recorded,
    studio,
)
from tests.fixtures.version_sets import record_family, version_row, version_set
from tests.fixtures.world.azure import DEFINITION_ID
from tests.scenarios.images.test_activation import ALL, ask, staged

BUSY = AzureBusy("call", 429, "TooManyRequests", "later", retry_after=5)


def gallery(env: Environment) -> dict[str, GalleryVersion]:
    """The versions as the gallery has them."""
    return env.app.world.versions[DEFINITION_ID.lower()]


def change(env: Environment, pool: str, **changes: Any) -> None:
    """Somebody changes a pool's registration."""
    found = env.app.tables.pools.find(POOLS, pool)
    assert found is not None
    env.app.tables.pools.replace(
        Pool.model_validate(found.model_dump() | changes).model_copy(update={"etag": found.etag})
    )


def test_pools_scheduled_for_the_time_of_the_promotion_start_then_and_not_a_day_later() -> None:
    env = promotions.with_staged()
    add_pool(env, "office")
    due = env.app.now + timedelta(hours=10, seconds=7)
    schedule = {"mode": "at", "at": due.isoformat()}
    asked = {"image": IMAGE, "at": due.isoformat(), "update_pools": "all", "schedule": schedule}
    assert env.app.send("POST", "/api/promotions", asked).status == 201
    env.run(14)
    (rollout,) = env.app.tables.rollouts.all(ROLLOUTS)
    assert rollout.schedule.begin_at - due < timedelta(minutes=10)


def test_slow_exclusion_flags_do_not_move_the_pools_to_another_day() -> None:
    env = staged(("office", Ring.PRODUCTION))
    env.app.world.resumes_needed = 40  # twenty minutes for each flag
    at = env.app.now + timedelta(minutes=5)
    asked = ask(env, update_pools="all", schedule={"mode": "at", "at": at.isoformat()})
    env.run(until=lambda: bool(env.app.tables.rollouts.all(ROLLOUTS)))
    env.app.world.resumes_needed = 1
    task = env.finish(asked)
    (rollout,) = env.app.tables.rollouts.all(ROLLOUTS)
    assert rollout.schedule.begin_at - at < timedelta(hours=1)
    assert task.state is TaskState.SUCCEEDED


def test_a_pool_on_a_higher_version_is_updated_to_the_active_one() -> None:
    env = studio(staged=True)
    env.app.world.add_version("3.0.0", staged=True)
    higher = version_row("3.0.0", VersionState.BACKUP)
    record_family(env.app.tables.versions, version_set(OLD, backups=(), staged=NEW, others=[higher]))
    add_pool(env, "office", version="3.0.0")
    assert env.finish(ask(env, **ALL)).state is TaskState.SUCCEEDED
    assert on_versions(env, "office") == {NEW}


def test_the_activation_is_audited_whenever_the_process_dies() -> None:
    for number in range(1, 40):
        env = staged()
        env.die_at_call(number)
        survived = env.survive(lambda: ask(env))  # noqa: B023 - called at once
        for task in env.app.tables.tasks.all(TASKS):
            env.finish(task.id)
        entries = [(e.action, e.before, e.after) for e in changes(env.app.tables, f"{env.app.now:%Y-%m}")]
        if recorded(env).state.active == NEW:
            assert ("activate version", OLD, NEW) in entries, number
        if survived:
            return
    raise AssertionError("it always died")


def test_an_activation_waits_for_replicas_being_added() -> None:
    env = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, **{**ALL, "soak_minutes": 120})
    env.run(1.9)
    ready = gallery(env)[NEW]
    gallery(env)[NEW] = ready.model_copy(update={"ready": False, "detail": "provisioning: Updating"})
    env.run(1)
    assert "is not ready" in str(env.task(task_id).note)
    gallery(env)[NEW] = ready
    assert env.finish(task_id).state is TaskState.SUCCEEDED


def test_a_due_promotion_waits_for_replicas_too() -> None:
    env = promotions.with_staged()
    promotion = promotions.plan(env.app, hours=1)
    env.run(0.9)
    ready = gallery(env)[NEW]
    gallery(env)[NEW] = ready.model_copy(update={"ready": False, "detail": "provisioning: Updating"})
    env.run(0.2)
    assert recorded(env).state.active == OLD
    gallery(env)[NEW] = ready
    env.run(1)
    assert promotions.row(env.app, promotion).state == "promoted"


def test_new_hosts_of_a_waiting_pool_never_get_the_version_that_is_rolled_back() -> None:
    env = activated(studio())
    add_pool(env, "lab", Ring.TEST, version=NEW)
    add_pool(env, "office", version=NEW)
    ask(env, "roll-back", **{**ALL, "soak_minutes": 600})
    env.run(2)
    assert on_versions(env, "office") == {NEW}
    assert given_out(env, "office") == OLD


def test_all_pools_means_the_pools_at_the_time_of_the_promotion() -> None:
    env = promotions.with_staged()
    add_pool(env, "office")
    add_pool(env, "gone")
    promotions.plan(env.app, hours=48, update_pools="all", schedule={"mode": "now"}, soak_minutes=0)
    env.run(24)
    add_pool(env, "later")
    change(env, "gone", image="other")
    env.run(48)
    assert env.rollouts() == {"office": "succeeded", "later": "succeeded"}


def test_a_roll_back_without_pools_stops_the_rollouts_of_the_activation() -> None:
    env = staged(("office", Ring.PRODUCTION))
    tonight = env.app.now + timedelta(hours=10)
    ask(env, update_pools="all", schedule={"mode": "at", "at": tonight.isoformat()})
    env.run(1)
    assert env.finish(ask(env, "roll-back")).state is TaskState.SUCCEEDED
    env.run(30)
    assert env.rollouts() == {"office": "cancelled"}
    assert on_versions(env, "office") == {OLD}


def test_a_failed_exclusion_flag_of_an_old_version_does_not_block_the_pools() -> None:
    env = staged(("office", Ring.PRODUCTION))
    broken = OperationFailed("flag", 200, "InternalError", "broken replica")
    env.app.world.fail("start_exclude", broken, times=99, target=OLD)
    task = env.finish(ask(env, **ALL))
    assert task.state is TaskState.SUCCEEDED
    assert f"Still included in latest: {OLD}" in str(task.note)
    assert on_versions(env, "office") == {NEW}


def test_a_written_activation_is_accepted_although_azure_is_busy() -> None:
    env = staged()
    env.app.tables.versions.failures["write_many"] = [BUSY]
    task_id = ask(env)
    env.timers.append(lambda: resume_lost_tasks(env.app.services, env.app.engine))
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert recorded(env).state.active == NEW
    assert_at_rest(env)


def test_a_pool_that_was_unregistered_meanwhile_is_named() -> None:
    env = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, **{**ALL, "soak_minutes": 60})
    env.run(0.5)
    assert env.app.send("DELETE", "/api/pools/office").status == 204
    task = env.finish(task_id)
    assert task.state is TaskState.SUCCEEDED
    assert "Pool office was not updated: it is no longer registered" in str(task.note)


def test_progress_follows_the_pools_and_names_a_paused_one() -> None:
    env = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, **ALL)
    env.run(until=lambda: env.rollouts().get("lab") == "succeeded" and "office" in env.rollouts())
    env.run(0.02)
    assert 55 <= env.task(task_id).percent < 95
    rollout = next(row for row in env.app.tables.rollouts.all(ROLLOUTS) if row.pool == "office")
    assert env.app.send("POST", f"/api/rollouts/{rollout.id}/pause").status == 202
    env.run(0.1)
    assert "office is paused" in str(env.task(task_id).note)


@pytest.mark.parametrize("body", [{"schedule": {"mode": "now"}}, {"policy": {"retries": 2}}])
def test_a_schedule_without_pools_is_refused(body: dict[str, Any]) -> None:
    reply = post(staged(("office", Ring.PRODUCTION)), "/activate", body)
    assert (reply.status, reply.bad_fields) == (400, set(body))


def test_a_version_without_a_replica_in_a_region_of_a_pool_is_not_activated() -> None:
    env = staged(("office", Ring.PRODUCTION))
    (host,) = [machine for machine in env.app.world.machines.values() if machine.name.startswith("office")]
    env.app.world.change_machine(host.id, location="northeurope")
    refused = post(env, "/activate")
    assert refused.status == 422
    assert "northeurope, where office is" in refused.text
    assert recorded(env).state.active == OLD
