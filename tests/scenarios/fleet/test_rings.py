"""One job over many pools in virtual time: ring after ring, soak and gate, what fails, windows, and any crash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.states import RolloutState, TaskState
from shared.fleet import steps
from shared.models.pools import Ring
from shared.models.windows import Window
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.fleet import (
    FAILS,
    THREE,
    all_tasks,
    ask,
    audited,
    crowd,
    in_hours,
    newest_rollouts,
    notes,
    run_until_note,
    seen,
    tell,
)
from tests.fixtures.scenarios.images import (
    IMAGE,
    NEW,
    OLD,
    add_pool,
    assert_at_rest,
    assert_sound,
    on_versions,
    post,
    studio,
)

S = RolloutState


def test_three_rings_are_updated_with_a_soak_between_them_under_one_task() -> None:
    env = crowd(*THREE, ("den", Ring.TEST))
    task_id = ask(env, soak_minutes=90, reason="patch day")
    assert notes(env, task_id) == {
        "den": "starts now", "lab": "starts now", "pilot": "waits for ring 0", "office": "waits for ring 1"
    }  # fmt: skip
    task = env.finish(task_id)
    assert (task.state, str(task.note), task.percent) == (TaskState.SUCCEEDED, "2.0.0 is on 4 of 4 pools.", 100)
    found = newest_rollouts(env)
    for before, after in [("lab", "pilot"), ("den", "pilot"), ("pilot", "office")]:
        ended = found[before].ended_at
        assert ended is not None
        assert found[after].created_at >= ended + timedelta(minutes=90)
    assert {(rollout.task, rollout.reason) for rollout in found.values()} == {(task_id, "patch day")}
    assert {version for pool in found for version in on_versions(env, pool)} == {NEW}
    view = seen(env, task_id)
    assert [(pool["pool"], pool["ring"], pool["state"], pool["percent"]) for pool in view["pools"]] == [
        ("den", 0, "succeeded", 100), ("lab", 0, "succeeded", 100), ("pilot", 1, "succeeded", 100),
        ("office", 2, "succeeded", 100),
    ]  # fmt: skip
    assert (view["waits_for"], view["ring"]) == (None, 2)
    assert_at_rest(env)


def test_the_view_shows_progress_and_what_the_update_waits_for() -> None:
    env = crowd(hosts=4)
    env.app.world.log_on("lab-3", "ann", pool(env, "lab").host_pool_id)
    deadline = {"mode": "on_logoff", "deadline": in_hours(env, 4)}
    task_id = ask(env, schedule=deadline, soak_minutes=30)
    env.run(1)
    view = seen(env, task_id)
    assert view["waits_for"]["text"] == "Ring 0: 0 of 1 pool finished."
    assert 20 < view["percent"] < 33
    lab = view["pools"][0]
    assert (lab["state"], lab["href"]) == ("running", f"/api/rollouts/{lab['rollout']}")
    run_until_note(env, task_id, "Ring 1 waits")
    view = seen(env, task_id)
    soaks = {"code": "ring_soaks", "at": in_hours(env, 0)[:11]}
    assert view["waits_for"]["text"] == "Ring 0 is finished. Ring 1 waits for the end of the soak time."
    for told in (view["waits_for"], view["pools"][1]["note"]):
        assert {"code": told["code"], "at": told["at"][:11]} == soaks
    assert view["percent"] == 32
    listed = env.app.send("GET", "/api/tasks?kind=update_pools").json["items"]
    assert [(row["id"], row["image"], row["pool"], row["step"]) for row in listed] == [
        (task_id, IMAGE, None, "updating pools")
    ]


def test_a_request_may_assign_other_rings_to_pools() -> None:
    env = crowd()
    task_id = ask(env, rings={"office": 3, "lab": 9})
    env.finish(task_id)
    order = sorted(newest_rollouts(env).values(), key=lambda rollout: rollout.created_at)
    assert [rollout.pool for rollout in order] == ["pilot", "office", "lab"]


def test_every_ring_but_the_first_waits_for_its_approval() -> None:
    env = crowd()
    task_id = ask(env, gate="approve", soak_minutes=30)
    assert tell(env, task_id, "approve").status == 409
    run_until_note(env, task_id, "Ring 1 waits for approval")
    env.run(20)
    assert newest_rollouts(env).keys() == {"lab"}
    assert notes(env, task_id)["pilot"] == "waits for approval of ring 1"
    assert seen(env, task_id)["waits_for"]["text"] == "Ring 0 is finished. Ring 1 waits for approval."
    approved_at = env.app.now
    assert tell(env, task_id, "approve").status == 202
    run_until_note(env, task_id, "Ring 2 waits for approval")
    assert newest_rollouts(env)["pilot"].created_at - approved_at <= timedelta(seconds=30)
    assert newest_rollouts(env).keys() == {"lab", "pilot"}
    assert tell(env, task_id, "approve", ring=2).status == 202  # also during the soak
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    ended = newest_rollouts(env)["pilot"].ended_at
    assert ended is not None
    assert newest_rollouts(env)["office"].created_at >= ended + timedelta(minutes=30)
    approvals = [(one["ring"], one["by"]) for one in seen(env, task_id)["approvals"]]
    assert approvals == [(1, "developer"), (2, "developer")]
    assert ("approve ring", f"task {task_id}: ring 1") in audited(env)
    assert_at_rest(env)


def test_a_ring_that_nobody_approves_ends_the_update() -> None:
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    env.app.settings = env.app.settings.model_copy(update={"approval_limit": 7_200.0})
    task_id = ask(env, gate="approve", soak_minutes=60)
    task = env.finish(task_id)
    ended = newest_rollouts(env)["lab"].ended_at
    assert ended is not None
    assert task.ended_at is not None
    assert timedelta(hours=3) < task.ended_at - ended < timedelta(hours=3, minutes=2)
    assert str(task.note) == (
        "Ring 2 was not approved within 2 hours, so it is not started. 2.0.0 is on 1 of 2 pools."
        " Pools that were not started: office."
    )


def test_an_approval_is_required_even_when_the_earlier_pools_are_gone() -> None:
    env = crowd()
    task_id = ask(env, gate="approve", schedule={"mode": "now"}, pools=["lab", "office"])
    env.app.tables.pools.remove(pool(env, "lab"))
    run_until_note(env, task_id, "Ring 2 waits for approval")
    assert newest_rollouts(env) == {}


def pool(env: Environment, name: str) -> Any:
    found = env.app.tables.pools.find(POOLS, name)
    assert found is not None
    return found


def test_a_failed_pool_stops_the_later_rings() -> None:
    env = crowd(*THREE, ("den", Ring.TEST))
    env.app.world.refuse("start_reimage", "lab-0")
    task_id = ask(env, policy=FAILS)
    task = env.finish(task_id)
    assert task.state is TaskState.FAILED
    assert str(task.note) == (
        "1 pool of ring 0 did not succeed: lab (failed). Later rings are not started. 2.0.0 is on 1 of 4 pools."
        " Pools that were not started: office, pilot."
    )
    assert (on_versions(env, "den"), on_versions(env, "office")) == ({NEW}, {OLD})
    assert notes(env, task_id)["office"] == "not started"
    assert_sound(env)


def test_the_other_pools_of_a_ring_finish_when_one_failed() -> None:
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    add_pool(env, "den", Ring.TEST, users=1)
    env.app.world.refuse("start_reimage", "lab-0")
    task_id = ask(env, policy=FAILS, schedule={"mode": "on_logoff", "deadline": in_hours(env, 6)})
    run_until_note(env, task_id, "lab (failed)")
    assert seen(env, task_id)["state"] == "running"
    assert "1 of 2 pools finished" in seen(env, task_id)["waits_for"]["text"]
    assert notes(env, task_id)["office"] == "not started, because another pool did not succeed"
    refused = tell(env, task_id, "approve")
    assert "starts nothing more" in refused.json["detail"]
    assert env.finish(task_id).state is TaskState.FAILED
    assert newest_rollouts(env)["den"].state is S.SUCCEEDED


def test_a_cancelled_rollout_stops_the_later_rings() -> None:
    env = crowd(users=1)
    task_id = ask(env, schedule={"mode": "on_logoff", "deadline": in_hours(env, 6)})
    env.run(0.1)
    lab = newest_rollouts(env)["lab"].id
    assert env.app.send("POST", f"/api/rollouts/{lab}/cancel").status == 202
    task = env.finish(task_id)
    assert (task.state, newest_rollouts(env).keys()) == (TaskState.FAILED, {"lab"})
    assert "lab (cancelled)" in str(task.note)


def test_a_pool_of_a_later_ring_that_cannot_be_updated_ends_the_update_with_a_reason() -> None:
    env = crowd()
    task_id = ask(env, soak_minutes=600)
    run_until_note(env, task_id, "Ring 1 waits")
    del env.app.world.pools[pool(env, "pilot").host_pool_id.lower()]
    task = env.finish(task_id)
    assert task.state is TaskState.FAILED
    assert "pilot (" in str(task.note)
    assert notes(env, task_id)["pilot"].startswith("not started: ")


def test_an_update_waits_for_a_pool_held_by_another_rollout() -> None:
    env = crowd(("lab", Ring.TEST), ("den", Ring.TEST), users=1)
    body = {"version": NEW, "schedule": {"mode": "on_logoff", "deadline": in_hours(env, 4)}}
    held = env.app.send("POST", "/api/pools/lab/update-image", body).json["id"]
    task_id = ask(env)
    env.run(1)
    assert newest_rollouts(env)["den"].state is S.SUCCEEDED
    assert notes(env, task_id)["lab"].startswith(f"waits: Rollout {held} runs on pool lab")
    assert held in seen(env, task_id)["waits_for"]["href"]
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert newest_rollouts(env)["lab"].id != held


def test_a_pool_that_changed_its_image_is_skipped_unless_the_image_was_given() -> None:
    for named, state in [(None, "skipped"), (IMAGE, "succeeded")]:
        env = crowd()
        task_id = ask(env, soak_minutes=60, pools=["lab", "office"], image=named)
        env.run(0.5)
        env.app.tables.pools.replace(pool(env, "office").model_copy(update={"image": "other"}))
        env.app.tables.images.add(
            env.app.tables.images.find("image", IMAGE).model_copy(update={"name": "other", "etag": None})  # type: ignore[union-attr]
        )
        assert env.finish(task_id).state is TaskState.SUCCEEDED
        if state == "skipped":
            assert notes(env, task_id)["office"] == "not updated: it now has another image, other"
            assert "Pool office was not updated: it now has another image, other." in str(env.task(task_id).note)
        else:
            assert newest_rollouts(env)["office"].state is S.SUCCEEDED


def test_each_pool_is_updated_in_its_own_windows() -> None:
    env = crowd()
    night = Window.model_validate({"from": "22:00", "to": "05:00"})
    berlin = {"time_zone": "Europe/Berlin", "policy": pool(env, "lab").policy.model_copy(update={"windows": (night,)})}
    env.app.tables.pools.replace(pool(env, "lab").model_copy(update=berlin))
    task_id = ask(env, schedule={"mode": "now", "time_zone": "UTC"}, soak_minutes=60)
    env.run(0.1)
    lab = newest_rollouts(env)["lab"].schedule
    assert (lab.mode, lab.begin_at.isoformat()) == ("at", "2026-11-02T21:00:00+00:00")
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert newest_rollouts(env)["office"].schedule.mode == "now"


def test_many_pools_are_started_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "AT_ONCE", 2)
    env = crowd(*((f"p{number}", Ring.TEST) for number in range(7)))
    assert env.finish(ask(env)).state is TaskState.SUCCEEDED
    created = sorted(rollout.created_at for rollout in newest_rollouts(env).values())
    assert created[-1] - created[0] < timedelta(seconds=30)


def test_a_roll_back_of_the_image_stops_the_fleet_update() -> None:
    env = crowd(users=1)
    task_id = ask(env, schedule={"mode": "on_logoff", "deadline": in_hours(env, 6)})
    env.run(0.2)
    assert post(env, "/roll-back").status == 202
    assert env.finish(task_id).state is TaskState.FAILED
    assert newest_rollouts(env)["lab"].state is S.CANCELLED
    assert newest_rollouts(env).keys() == {"lab"}


@pytest.mark.parametrize("allow_downgrade", [False, True])
def test_a_later_ring_is_not_started_when_its_version_was_rolled_back_during_the_soak_time(
    *, allow_downgrade: bool
) -> None:
    env = crowd()
    task_id = ask(env, soak_minutes=600, allow_downgrade=allow_downgrade)
    env.run(5)
    assert newest_rollouts(env)["lab"].state is S.SUCCEEDED
    assert post(env, "/roll-back").status == 202
    assert env.finish(task_id).state is TaskState.FAILED
    assert newest_rollouts(env).keys() == {"lab"}
    assert "rolled back from version 2.0.0" in str(env.task(task_id).note)


def test_a_later_ring_is_not_started_when_its_version_failed_the_test_during_the_soak_time() -> None:
    env = with_staged(("lab", Ring.TEST), ("next", Ring.TEST))
    task_id = ask(env, soak_minutes=600, rings={"lab": 0, "next": 1})
    env.run(5)
    assert newest_rollouts(env)["lab"].state is S.SUCCEEDED
    assert post(env, "/versions/2.0.0/verdict", {"result": "failed"}).status == 200
    assert env.finish(task_id).state is TaskState.FAILED
    assert newest_rollouts(env).keys() == {"lab"}
    assert "failed its test" in str(env.task(task_id).note)


def with_staged(*pools: tuple[str, Ring]) -> Environment:
    """2.0.0 is staged, and these pools are on 1.0.0."""
    env = studio(staged=True)
    for name, ring in pools:
        add_pool(env, name, ring)
    return env


def small() -> Environment:
    """A pool with a host in ring test, and one in production without any."""
    env = crowd(("lab", Ring.TEST))
    add_pool(env, "office", hosts=0)
    return env


def test_the_process_may_die_at_any_call() -> None:
    """It is asked for once; if that dies before it is on record, it is asked for again. Hosts are rebuilt once."""
    env = small()
    made_ready = env.calls
    env.finish(ask(env))
    last = env.calls - made_ready
    assert last > 30
    for number in range(1, last + 1):
        env = small()
        env.die_at_call(number)
        if not env.survive(lambda: ask(env)) and not all_tasks(env):  # noqa: B023 - called at once
            ask(env)
        (task,) = all_tasks(env)
        assert env.finish(task.id).state is TaskState.SUCCEEDED, number
        assert (env.died, env.rollouts()) == (1, {"lab": "succeeded", "office": "succeeded"}), number
        assert len(env.app.tables.rollouts.all(ROLLOUTS)) == 2, number
        assert env.app.world.count("start_reimage") == 1, number
        assert_at_rest(env)
