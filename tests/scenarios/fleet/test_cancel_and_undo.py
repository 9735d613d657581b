"""A job that is cancelled: what runs stops or goes back, what is through goes back when asked, at any moment, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureBusy
from shared.core.states import RolloutState, TaskState
from shared.models.pools import Ring
from shared.models.rollouts import Rollout, RolloutKind
from shared.models.tasks import Task
from shared.services import ROLLOUTS
from shared.tasks.recovery import resume_lost_tasks
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.fleet import (
    FAILS,
    ask,
    audited,
    crowd,
    in_hours,
    newest_rollouts,
    notes,
    run_until_note,
    seen,
    send,
    tell,
)
from tests.fixtures.scenarios.images import NEW, OLD, add_pool, assert_at_rest, on_versions

S = RolloutState


def half_way(**fields: Any) -> tuple[Environment, str]:
    """`lab` is through and `pilot` is at work: one of its hosts is done, another one waits for its user to log off."""
    env = crowd(**fields)
    add_pool(env, "den", Ring.PILOT, hosts=2)
    env.app.world.log_on("den-1", "ann", host_pool_id(env, "den"))
    schedule = {"mode": "on_logoff", "deadline": in_hours(env, 30)}
    task_id = ask(env, pools=["lab", "den", "office"], schedule=schedule)
    env.run(3)
    assert (newest_rollouts(env)["lab"].state, newest_rollouts(env)["den"].state) == (S.SUCCEEDED, S.RUNNING)
    assert on_versions(env, "den") == {OLD, NEW}
    return env, task_id


def host_pool_id(env: Environment, name: str) -> str:
    found = env.app.tables.pools.find("pool", name)
    assert found
    return found.host_pool_id


def rollouts(env: Environment, pool: str) -> list[Rollout]:
    """Those of a pool, newest first."""
    return [rollout for rollout in env.app.tables.rollouts.all(ROLLOUTS) if rollout.pool == pool]


def test_cancel_with_leave_stops_running_rollouts_and_starts_no_more() -> None:
    env, task_id = half_way()
    reply = tell(env, task_id, "cancel")
    assert (reply.json["note"]["text"], reply.json["waits_for"]["text"]) == (
        "Cancelled by developer.", "The running rollouts are stopped."
    )  # fmt: skip
    assert newest_rollouts(env)["den"].state is S.CANCELLING  # at once
    task = env.finish(task_id)
    assert task.state is TaskState.CANCELLED
    assert str(task.note) == ("Cancelled by developer. 2.0.0 is on 1 of 3 pools. Pools that were not started: office.")
    assert newest_rollouts(env)["den"].state is S.CANCELLED
    assert newest_rollouts(env)["den"].note.text.startswith(f"Cancelled by developer, by cancelling task {task_id}")
    assert {pool: on_versions(env, pool) for pool in ("lab", "den", "office")} == {
        "lab": {NEW}, "den": {OLD, NEW}, "office": {OLD}
    }  # fmt: skip
    assert ("cancel task", f"task {task_id}: update pools (leave)") in audited(env)
    assert_at_rest(env)


def test_cancel_with_roll_back_undoes_running_and_completed_rollouts() -> None:
    env, task_id = half_way()
    assert tell(env, task_id, "cancel", how="roll_back").status == 202
    assert newest_rollouts(env)["den"].state is S.ROLLING_BACK  # at once
    assert notes(env, task_id)["lab"] == "will be rolled back"
    env.run(0.01)
    back = newest_rollouts(env)["lab"]
    assert (back.kind, back.version) == (RolloutKind.ROLL_BACK, OLD)
    assert back.schedule.force_at - back.created_at == timedelta(minutes=15)  # who is there is warned
    assert notes(env, task_id)["lab"] == "is being rolled back"
    assert "lab" in seen(env, task_id)["waits_for"]["text"]
    task = env.finish(task_id)
    assert task.state is TaskState.CANCELLED
    assert str(task.note) == (
        "Cancelled by developer. 2.0.0 is on 0 of 3 pools. Rolled back: den, lab. Pools that were not started: office."
    )
    assert {version for pool in ("lab", "den", "office") for version in on_versions(env, pool)} == {OLD}
    assert len(rollouts(env, "lab")) == 2
    assert notes(env, task_id)["lab"] == "was rolled back"
    assert_at_rest(env)


def test_a_failed_undo_is_named() -> None:
    env, task_id = half_way()
    tell(env, task_id, "cancel", how="roll_back")
    env.run(0.01)
    back = newest_rollouts(env)["lab"].id
    assert env.app.send("POST", f"/api/rollouts/{back}/cancel").status == 202
    task = env.finish(task_id)
    assert "Pool lab was not rolled back. Its roll-back was cancelled." in str(task.note)
    assert notes(env, task_id)["lab"] == "not rolled back: its roll-back was cancelled"
    assert back in str(task.pools and task.pools.not_back["lab"].href)


def test_a_pool_on_the_version_before_the_update_stays_on_it() -> None:
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    add_pool(env, "den", Ring.TEST, version=NEW, previous_version=OLD)
    task_id = ask(env, soak_minutes=600)
    run_until_note(env, task_id, "Ring 2 waits")
    tell(env, task_id, "cancel", how="roll_back")
    env.finish(task_id)
    assert (on_versions(env, "den"), on_versions(env, "lab")) == ({NEW}, {OLD})
    assert len(rollouts(env, "den")) == 1


def test_a_pool_updated_by_somebody_else_since_is_not_touched() -> None:
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, soak_minutes=6000)
    run_until_note(env, task_id, "Ring 2 waits")
    later = env.app.send("POST", "/api/pools/lab/update-image", {"version": NEW, "schedule": {"mode": "now"}})
    assert later.status == 202
    env.run(1)
    tell(env, task_id, "cancel", how="roll_back")
    task = env.finish(task_id)
    assert "Pool lab was not rolled back. A later rollout has updated it since." in str(task.note)
    assert on_versions(env, "lab") == {NEW}
    assert notes(env, task_id)["lab"] == "not rolled back: a later rollout has updated it since"
    assert later.json["id"] in str(task.pools and task.pools.not_back["lab"].href)


def test_an_unregistered_pool_does_not_block_the_undo_of_others() -> None:
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    add_pool(env, "den", Ring.TEST)
    task_id = ask(env, soak_minutes=6000)
    run_until_note(env, task_id, "Ring 2 waits")
    assert env.app.send("DELETE", "/api/pools/den").status == 204
    tell(env, task_id, "cancel", how="roll_back")
    task = env.finish(task_id)
    assert "Pool den was not rolled back. It is no longer registered." in str(task.note)
    assert on_versions(env, "lab") == {OLD}


def test_a_cancellation_with_leave_can_still_become_a_roll_back() -> None:
    env, task_id = half_way()
    tell(env, task_id, "cancel")
    assert tell(env, task_id, "cancel", how="roll_back").status == 202
    env.finish(task_id)
    assert {version for pool in ("lab", "den", "office") for version in on_versions(env, pool)} == {OLD}


def test_busy_tables_do_not_lose_the_cancellation() -> None:
    env, task_id = half_way()
    busy = AzureBusy("table", 503, "Busy", "later", retry_after=5)
    env.app.tables.rollouts.failures["replace"] = [busy] * 3
    assert tell(env, task_id, "cancel").status == 202
    assert newest_rollouts(env)["den"].state is S.RUNNING
    assert env.finish(task_id).state is TaskState.CANCELLED
    assert newest_rollouts(env)["den"].state is S.CANCELLED


def waiting() -> tuple[Environment, str]:
    """Ring 2 waits for approval."""
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, gate="approve")
    run_until_note(env, task_id, "waits for approval")
    return env, task_id


def at_once(*acts: Callable[[], Reply]) -> list[Reply]:
    with ThreadPoolExecutor(len(acts)) as people:
        return [reply.result() for reply in [people.submit(act) for act in acts]]


def test_concurrent_approvals_approve_once() -> None:
    env, task_id = waiting()
    replies = at_once(*[lambda: tell(env, task_id, "approve")] * 10)
    assert {reply.status for reply in replies} == {202}
    assert [one["ring"] for one in seen(env, task_id)["approvals"]] == [2]
    assert [action for action, _ in audited(env)].count("approve ring") == 1
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert tell(env, task_id, "approve", ring=2).status == 202  # it was approved: so it is
    assert tell(env, task_id, "approve").status == 409


@pytest.mark.parametrize("how", ["leave", "roll_back"])
def test_a_cancellation_wins_over_a_concurrent_approval(how: str) -> None:
    for _ in range(5):
        env, task_id = waiting()
        approved, cancelled = at_once(
            lambda: tell(env, task_id, "approve"),  # noqa: B023 - called at once
            lambda: tell(env, task_id, "cancel", how=how),  # noqa: B023
        )
        assert (approved.status in {202, 409}, cancelled.status) == (True, 202)
        assert env.finish(task_id).state is TaskState.CANCELLED
        assert [rollout.pool for rollout in env.app.tables.rollouts.all(ROLLOUTS) if rollout.pool == "office"] == []
        assert on_versions(env, "lab") == ({NEW} if how == "leave" else {OLD})


def test_an_approval_after_a_cancellation_is_refused() -> None:
    env, task_id = waiting()
    tell(env, task_id, "cancel")
    refused = tell(env, task_id, "approve")
    assert (refused.status, "was cancelled by developer" in refused.json["detail"]) == (409, True)


def cut_in(env: Environment, when: Callable[[Task], bool], act: Callable[[], Reply]) -> list[Reply]:
    """Have somebody act just before the task is written so; what they were answered."""
    write, text = env.app.tables.tasks._write, []

    def watched(method: str, records: Any) -> Any:
        if not text and when(records[0]):
            env.app.tables.tasks._write = write  # type: ignore[method-assign]
            text.append(act())
            env.app.tables.tasks._write = watched  # type: ignore[method-assign]
        return write(method, records)

    env.app.tables.tasks._write = watched  # type: ignore[method-assign]
    return text


def test_an_approval_during_a_write_of_a_step_is_kept() -> None:
    env = crowd(("lab", Ring.TEST), ("office", Ring.PRODUCTION))
    task_id = ask(env, gate="approve")
    text = cut_in(env, lambda task: "waits for approval" in str(task.note), lambda: tell(env, task_id, "approve"))
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert [reply.status for reply in text] == [202]


def test_a_cancellation_while_a_ring_starts_stops_the_rest_of_it() -> None:
    env = crowd(*((f"p{number}", Ring.TEST) for number in range(6)))
    task_id = ask(env)

    def somebody_cancels() -> None:
        if len(newest_rollouts(env)) == 3 and not env.task(task_id).cancelled_by:
            tell(env, task_id, "cancel")

    write = env.app.tables.rollouts._write

    def watched(method: str, records: Any) -> Any:
        written = write(method, records)
        somebody_cancels()
        return written

    env.app.tables.rollouts._write = watched  # type: ignore[method-assign]
    task = env.finish(task_id)
    assert (task.state, len(newest_rollouts(env))) == (TaskState.CANCELLED, 3)
    assert all(rollout.state.ended for rollout in newest_rollouts(env).values())


def test_a_cancellation_as_the_last_pool_completes_takes_effect() -> None:
    env = crowd(("lab", Ring.TEST))
    task_id = ask(env)
    env.run(until=lambda: env.rollouts().get("lab") == "succeeded")
    text = cut_in(env, lambda task: task.phase == "update_pools", lambda: tell(env, task_id, "cancel", how="roll_back"))
    task = env.finish(task_id)
    assert [reply.status for reply in text] == [202]
    assert (task.state, on_versions(env, "lab")) == (TaskState.CANCELLED, {OLD})


def test_a_roll_back_requested_as_a_cancelled_update_ends_takes_effect() -> None:
    env, task_id = half_way()
    tell(env, task_id, "cancel")
    text = cut_in(env, lambda task: task.state.ended, lambda: tell(env, task_id, "cancel", how="roll_back"))
    task = env.finish(task_id)
    assert [reply.status for reply in text] == [202]
    assert (task.state, task.cancel_how) == (TaskState.CANCELLED, "roll_back")
    assert on_versions(env, "lab") == {OLD}


def small() -> tuple[Environment, str]:
    """`lab` is through, and `den` waits for its user."""
    env = crowd(("lab", Ring.TEST))
    add_pool(env, "den", Ring.PILOT, users=1)
    task_id = ask(env, schedule={"mode": "on_logoff", "deadline": in_hours(env, 30)})
    env.run(until=lambda: env.rollouts().get("den") == "running")
    return env, task_id


@pytest.mark.parametrize("how", ["leave", "roll_back"])
def test_the_process_may_die_at_any_call_of_a_cancellation(how: str) -> None:
    env, task_id = small()
    made_ready = env.calls
    tell(env, task_id, "cancel", how=how)
    env.finish(task_id)
    last = env.calls - made_ready
    assert last > 10
    for number in range(1, last + 1):
        env, task_id = small()
        env.timers.append(lambda: resume_lost_tasks(env.app.services, env.app.engine))  # noqa: B023
        env.die_at_call(number)
        if not env.survive(lambda: tell(env, task_id, "cancel", how=how)):  # noqa: B023 - called at once
            assert tell(env, task_id, "cancel", how=how).status == 202
        assert env.finish(task_id).state is TaskState.CANCELLED, number
        assert env.died == 1, number
        assert (on_versions(env, "lab"), on_versions(env, "den")) == ({OLD if how == "roll_back" else NEW}, {OLD})
        assert len(rollouts(env, "lab")) == (2 if how == "roll_back" else 1), number
        assert_at_rest(env)


def test_a_failed_update_says_how_to_undo_it() -> None:
    env = crowd(("lab", Ring.TEST))
    env.app.world.refuse("start_reimage", "lab-0")
    task_id = ask(env, policy=FAILS)
    env.finish(task_id)
    assert "Roll back each pool instead." in tell(env, task_id, "cancel", how="roll_back").json["detail"]
    assert send(env).status == 202
