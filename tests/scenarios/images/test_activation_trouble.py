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
from tests.fixtures.engine import Play
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


def gallery(play: Play) -> dict[str, GalleryVersion]:
    """The versions as the gallery has them."""
    return play.app.world.versions[DEFINITION_ID.lower()]


def change(play: Play, pool: str, **changes: Any) -> None:
    """Somebody changes a pool's registration."""
    found = play.app.tables.pools.find(POOLS, pool)
    assert found is not None
    play.app.tables.pools.replace(
        Pool.model_validate(found.model_dump() | changes).model_copy(update={"etag": found.etag})
    )


def test_pools_at_the_moment_of_the_promotion_begin_then_and_not_a_day_later() -> None:
    play = promotions.with_staged()
    add_pool(play, "office")
    due = play.app.now + timedelta(hours=10, seconds=7)
    schedule = {"mode": "at", "at": due.isoformat()}
    asked = {"image": IMAGE, "at": due.isoformat(), "update_pools": "all", "schedule": schedule}
    assert play.app.send("POST", "/api/promotions", asked).status == 201
    play.run(14)
    (rollout,) = play.app.tables.rollouts.all(ROLLOUTS)
    assert rollout.schedule.begin_at - due < timedelta(minutes=10)


def test_flags_that_take_their_time_do_not_move_the_pools_to_another_day() -> None:
    play = staged(("office", Ring.PRODUCTION))
    play.app.world.resumes_needed = 40  # twenty minutes for each flag
    at = play.app.now + timedelta(minutes=5)
    asked = ask(play, update_pools="all", schedule={"mode": "at", "at": at.isoformat()})
    play.run(until=lambda: bool(play.app.tables.rollouts.all(ROLLOUTS)))
    play.app.world.resumes_needed = 1
    task = play.finish(asked)
    (rollout,) = play.app.tables.rollouts.all(ROLLOUTS)
    assert rollout.schedule.begin_at - at < timedelta(hours=1)
    assert task.state is TaskState.SUCCEEDED


def test_a_pool_on_a_higher_version_is_brought_to_the_active_one() -> None:
    play = studio(staged=True)
    play.app.world.add_version("3.0.0", staged=True)
    higher = version_row("3.0.0", VersionState.BACKUP)
    record_family(play.app.tables.versions, version_set(OLD, backups=(), staged=NEW, others=[higher]))
    add_pool(play, "office", version="3.0.0")
    assert play.finish(ask(play, **ALL)).state is TaskState.SUCCEEDED
    assert on_versions(play, "office") == {NEW}


def test_the_audit_has_it_wherever_the_process_died() -> None:
    for number in range(1, 40):
        play = staged()
        play.die_at_call(number)
        survived = play.survive(lambda: ask(play))  # noqa: B023 - called at once
        for task in play.app.tables.tasks.all(TASKS):
            play.finish(task.id)
        entries = [(e.action, e.before, e.after) for e in play.app.tables.audit.all(f"{play.app.now:%Y-%m}")]
        if recorded(play).state.active == NEW:
            assert ("activate version", OLD, NEW) in entries, number
        if survived:
            return
    raise AssertionError("it always died")


def test_replicas_that_are_added_meanwhile_are_waited_for() -> None:
    play = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(play, **{**ALL, "soak_minutes": 120})
    play.run(1.9)
    ready = gallery(play)[NEW]
    gallery(play)[NEW] = ready.model_copy(update={"ready": False, "detail": "provisioning: Updating"})
    play.run(1)
    assert "is not ready" in str(play.task(task_id).note)
    gallery(play)[NEW] = ready
    assert play.finish(task_id).state is TaskState.SUCCEEDED


def test_a_promotion_that_is_due_meanwhile_waits_too() -> None:
    play = promotions.with_staged()
    promotion = promotions.plan(play.app, hours=1)
    play.run(0.9)
    ready = gallery(play)[NEW]
    gallery(play)[NEW] = ready.model_copy(update={"ready": False, "detail": "provisioning: Updating"})
    play.run(0.2)
    assert recorded(play).state.active == OLD
    gallery(play)[NEW] = ready
    play.run(1)
    assert promotions.row(play.app, promotion).state == "promoted"


def test_new_hosts_never_get_what_is_rolled_back_while_their_pool_waits_for_its_ring() -> None:
    play = activated(studio())
    add_pool(play, "lab", Ring.TEST, version=NEW)
    add_pool(play, "office", version=NEW)
    ask(play, "roll-back", **{**ALL, "soak_minutes": 600})
    play.run(2)
    assert on_versions(play, "office") == {NEW}
    assert given_out(play, "office") == OLD


def test_all_pools_are_those_of_the_promotions_moment() -> None:
    play = promotions.with_staged()
    add_pool(play, "office")
    add_pool(play, "gone")
    promotions.plan(play.app, hours=48, update_pools="all", schedule={"mode": "now"}, soak_minutes=0)
    play.run(24)
    add_pool(play, "later")
    change(play, "gone", image="other")
    play.run(48)
    assert play.rollouts() == {"office": "succeeded", "later": "succeeded"}


def test_a_roll_back_without_pools_stops_what_the_activation_was_to_bring() -> None:
    play = staged(("office", Ring.PRODUCTION))
    tonight = play.app.now + timedelta(hours=10)
    ask(play, update_pools="all", schedule={"mode": "at", "at": tonight.isoformat()})
    play.run(1)
    assert play.finish(ask(play, "roll-back")).state is TaskState.SUCCEEDED
    play.run(30)
    assert play.rollouts() == {"office": "cancelled"}
    assert on_versions(play, "office") == {OLD}


def test_a_flag_of_an_old_version_that_cannot_be_set_keeps_no_pool_from_the_new_one() -> None:
    play = staged(("office", Ring.PRODUCTION))
    broken = OperationFailed("flag", 200, "InternalError", "broken replica")
    play.app.world.fail("start_exclude", broken, times=99, target=OLD)
    task = play.finish(ask(play, **ALL))
    assert task.state is TaskState.SUCCEEDED
    assert f"Still included in latest: {OLD}" in str(task.note)
    assert on_versions(play, "office") == {NEW}


def test_what_was_written_is_accepted_although_azure_is_busy_just_then() -> None:
    play = staged()
    play.app.tables.versions.failures["write_many"] = [BUSY]
    task_id = ask(play)
    play.timers.append(lambda: resume_lost_tasks(play.app.services, play.app.engine))
    assert play.finish(task_id).state is TaskState.SUCCEEDED
    assert recorded(play).state.active == NEW
    assert_at_rest(play)


def test_a_pool_that_is_gone_meanwhile_is_named() -> None:
    play = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(play, **{**ALL, "soak_minutes": 60})
    play.run(0.5)
    assert play.app.send("DELETE", "/api/pools/office").status == 204
    task = play.finish(task_id)
    assert task.state is TaskState.SUCCEEDED
    assert "Pool office was not updated: it is not registered any more" in str(task.note)


def test_progress_moves_with_the_pools_and_a_paused_one_is_named() -> None:
    play = staged(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(play, **ALL)
    play.run(until=lambda: play.rollouts().get("lab") == "succeeded" and "office" in play.rollouts())
    play.run(0.02)
    assert 55 <= play.task(task_id).percent < 95
    rollout = next(row for row in play.app.tables.rollouts.all(ROLLOUTS) if row.pool == "office")
    assert play.app.send("POST", f"/api/rollouts/{rollout.id}/pause").status == 202
    play.run(0.1)
    assert "office is paused" in str(play.task(task_id).note)


@pytest.mark.parametrize("body", [{"schedule": {"mode": "now"}}, {"policy": {"retries": 2}}])
def test_how_to_update_pools_without_pools_is_refused(body: dict[str, Any]) -> None:
    reply = post(staged(("office", Ring.PRODUCTION)), "/activate", body)
    assert (reply.status, reply.bad_fields) == (400, set(body))


def test_a_version_that_is_missing_where_a_pool_has_hosts_is_not_activated() -> None:
    play = staged(("office", Ring.PRODUCTION))
    (host,) = [machine for machine in play.app.world.machines.values() if machine.name.startswith("office")]
    play.app.world.change_machine(host.id, location="northeurope")
    refused = post(play, "/activate")
    assert refused.status == 422
    assert "northeurope, where office is" in refused.text
    assert recorded(play).state.active == OLD
