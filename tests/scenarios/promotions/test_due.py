"""The timer that promotes what is due: not before its time, once, and never what no longer valid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import AzureBusy, StaleRow
from shared.core.states import PromotionState, TaskState
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout
from shared.models.tasks import ActivationWork, Task, TaskKind
from shared.records.change import ATTEMPTS
from shared.records.versions import read_versions
from shared.services import PROMOTIONS, ROLLOUTS, TASKS
from shared.versions import lifecycle, promotion_hold
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, add_pool, assert_at_rest, get, post
from tests.fixtures.scenarios.promotions import (
    activations,
    active,
    assert_promoted_once,
    held_for,
    plan,
    planned,
    row,
    run,
    text,
    with_staged,
)

S = PromotionState
BUSY = AzureBusy("gallery_image_versions.get", 429, "TooManyRequests", "slow down")


class TestWhen:
    """At its time, at the first run after it."""

    @given(due=st.integers(1, 400_000), gaps=st.lists(st.integers(1, 200_000), min_size=1, max_size=12))
    def test_a_promotion_runs_at_the_first_timer_run_after_its_time(self, due: int, gaps: list[int]) -> None:
        app, promotion_id = planned(hours=due / 3600)
        begun = app.now
        for gap in gaps:
            app.later(seconds=gap)
            first = app.now - timedelta(seconds=gap) < begun + timedelta(seconds=due) <= app.now
            assert run(app) == ([promotion_id] if first else [])
            assert active(app) == (NEW if app.now >= begun + timedelta(seconds=due) else OLD)
        if active(app) == NEW:
            assert_promoted_once(app, promotion_id)

    def test_a_promotion_is_due_exactly_at_its_time(self) -> None:
        app, promotion_id = planned()
        app.later(hours=24, microseconds=-1)
        assert run(app) == []
        app.later(microseconds=1)
        assert run(app) == [promotion_id]

    def test_a_moved_promotion_runs_at_its_new_time(self) -> None:
        app, promotion_id = planned()
        moved = {"at": (app.now + timedelta(hours=48)).isoformat()}
        assert app.send("POST", f"/api/promotions/{promotion_id}/reschedule", moved).status == 200
        app.later(hours=47)
        assert run(app) == []
        app.later(hours=1)
        assert run(app) == [promotion_id]

    def test_after_days_of_outage_a_promotion_runs_once_with_later_pool_times(self) -> None:
        env = with_staged()
        add_pool(env, "office", hosts=2)
        tomorrow = env.app.now + timedelta(hours=24)
        at = (tomorrow + timedelta(hours=1)).isoformat()
        promotion_id = plan(env.app, update_pools="all", schedule={"mode": "at", "at": at})
        env.app.later(days=9, hours=5)
        env.run(48)
        assert_promoted_once(env.app, promotion_id)
        [rollout] = env.app.tables.rollouts.all(ROLLOUTS)
        assert rollout.schedule.begin_at == tomorrow + timedelta(days=9, hours=1)
        assert (rollout.state, rollout.version) == ("succeeded", NEW)
        assert_at_rest(env)

    def test_the_pools_are_updated_as_requested_when_the_promotion_was_scheduled(self) -> None:
        env = with_staged()
        add_pool(env, "office")
        add_pool(env, "lab")
        wanted = {"update_pools": ["lab"], "schedule": {"mode": "now"}, "policy": {"retries": 3}, "reason": "patches"}
        plan(env.app, **wanted)
        env.run(36)
        [rollout] = env.app.tables.rollouts.all(ROLLOUTS)
        assert (rollout.pool, rollout.policy.retries, rollout.reason) == ("lab", 3, "patches")
        assert_at_rest(env)


class TestOnce:
    """Whatever happens between two writes, there is one activation."""

    def test_the_outcome_of_a_promotion_is_shown(self) -> None:
        app, promotion_id = planned(reason="patches")
        app.later(hours=25)
        assert run(app) == [promotion_id]
        assert_promoted_once(app, promotion_id)
        task = app.tables.tasks.find(TASKS, row(app, promotion_id).task)
        assert task
        assert (task.promotion, task.requested_by, task.reason) == (promotion_id, "developer", "patches")
        assert (task.version, task.from_version) == (NEW, OLD)
        assert set(app.engine.tasks.items()) == {((task.id, 1), TaskKind.ACTIVATE)}
        assert row(app, promotion_id).note.href == f"/api/tasks/{task.id}"
        assert set(text(app)[1:]) == {("activate version", OLD, NEW), ("promotion promoted", OLD, NEW)}
        assert (run(app), run(app)) == ([], [])

    def test_a_promotion_waits_for_a_busy_azure_and_continues_under_the_same_task(self) -> None:
        app, promotion_id = planned()
        app.later(hours=25)
        app.world.fail("version", BUSY, times=3)
        tasks = set()
        for _ in range(3):
            assert run(app) == []
            assert row(app, promotion_id).state is S.PROMOTING
            tasks.add(row(app, promotion_id).task)
            app.later(seconds=30)
        assert run(app) == [promotion_id]
        assert {row(app, promotion_id).task} == tasks
        assert_promoted_once(app, promotion_id)

    @pytest.mark.parametrize("table", ["promotions", "tasks", "versions"])
    @pytest.mark.parametrize("number", range(4))
    def test_responses_of_the_tables_may_be_lost(self, table: str, number: int) -> None:
        """The write is done, its answer is not heard."""
        app, promotion_id = planned()
        app.later(hours=25)
        rows = getattr(app.tables, table)
        write = rows._write
        left = [number]

        def written(method: str, records: object) -> object:
            done = write(method, records)
            left[0] -= 1
            if left[0] == -1:
                raise AzureBusy("table", 503, "Busy", "the answer was lost")
            return done

        rows._write = written
        for _ in range(3):
            run(app)
        promotion = row(app, promotion_id)
        assert (promotion.state, activations(app)) == (S.PROMOTED, [promotion.task])
        assert (active(app), held_for(app)) == (NEW, "")

    def test_concurrent_changes_of_the_image_only_delay_a_promotion(self) -> None:
        app, promotion_id = planned()
        app.later(hours=25)
        app.tables.versions.failures["write_many"] = [StaleRow("ImageVersions", IMAGE)] * ATTEMPTS
        assert run(app) == []
        assert (row(app, promotion_id).state, activations(app)) == (S.PROMOTING, [])
        assert run(app) == [promotion_id]
        assert_promoted_once(app, promotion_id)

    def test_a_started_and_lost_task_is_resumed_under_its_id(self) -> None:
        """The process died after the task was written: both timers go on with it."""
        env = with_staged()
        app = env.app
        promotion_id = plan(app)
        app.later(hours=25)
        app.tables.versions.failures["write_many"] = [BUSY]
        assert run(app) == []
        task = row(app, promotion_id).task
        assert (activations(app), active(app)) == ([task], OLD)
        env.run(2)
        assert_promoted_once(app, promotion_id)
        assert env.task(task).state is TaskState.SUCCEEDED

    def test_a_promotion_may_learn_of_its_activation_much_later(self) -> None:
        """The process died before the promotion's row said so; meanwhile the image was even rolled back."""
        env = with_staged()
        app = env.app
        promotion_id = plan(app)
        app.later(hours=25)
        app.tables.promotions.failures["replace"] = []
        original = app.tables.promotions.replace

        def only_taken_up(record: Promotion) -> Promotion:
            if record.state is S.PROMOTED:
                raise BUSY
            return original(record)

        app.tables.promotions.replace = only_taken_up  # type: ignore[method-assign]
        assert run(app) == []
        env.timers.clear()
        env.finish(row(app, promotion_id).task)
        env.finish(post(env, "/roll-back").json["id"])
        del app.tables.promotions.replace
        assert run(app) == [promotion_id]
        assert (row(app, promotion_id).state, active(app)) == (S.PROMOTED, OLD)
        assert len(activations(app)) == 1
        assert_at_rest(env)

    def test_a_failing_promotion_does_not_block_others(self, caplog: pytest.LogCaptureFixture) -> None:
        app, promotion_id = planned()
        odd = Promotion(
            id="0-odd", image="odd", version=NEW, due_at=app.now, time_zone="UTC", activation=ActivationWork(),
            created_at=app.now,
        )  # fmt: skip
        app.tables.promotions.add(odd)
        app.later(hours=25)
        find = app.tables.versions.all

        def broken(partition: str) -> object:
            if partition == "odd":
                raise RuntimeError("this row cannot be read")
            return find(partition)

        app.tables.versions.all = broken  # type: ignore[assignment, method-assign]
        assert run(app) == [promotion_id]
        assert "0-odd" in caplog.text


def test_an_image_is_reserved_for_one_promotion_and_released_only_by_it() -> None:
    app = with_staged().app
    before = read_versions(app.services, IMAGE)
    held = promotion_hold.hold(before, None, promotion="p1", force=False, now=app.now)
    assert promotion_hold.hold(held, NEW, promotion="p1", force=False, now=app.now) is held
    assert promotion_hold.let_go(held, "p2") is held
    assert promotion_hold.let_go(held, "p1").state.promotion == ""
    assert promotion_hold.hold(held, NEW, promotion="p2", force=False, now=app.now, lapsed="p1").state.promotion == "p2"
    switched = lifecycle.activate(held, None, task="t", now=app.now, backup=None, force=False)
    assert switched.state.promotion == ""


def test_a_promotion_has_no_task_and_no_rollout_before_its_time() -> None:
    app, _ = planned()
    tasks: list[Task] = app.tables.tasks.all(TASKS)
    rollouts: list[Rollout] = app.tables.rollouts.all(ROLLOUTS)
    assert (tasks, rollouts, len(app.tables.promotions.all(PROMOTIONS))) == ([], [], 1)


def test_an_image_shows_the_promotion_it_is_reserved_for() -> None:
    env = with_staged()
    promotion_id = plan(env.app)
    assert get(env, f"/images/{IMAGE}")["promotion"] == promotion_id
    env.run(30)
    assert get(env, f"/images/{IMAGE}")["promotion"] == ""
