"""A task nobody drives is taken up again, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureBusy, NewerRow, StaleRow
from shared.core.ids import newest_first_id
from shared.core.states import TaskState
from shared.images.capture.steps import claim_image
from shared.models.base import SCHEMA_VERSION
from shared.models.tasks import Task, TaskKind
from shared.services import TASKS
from shared.tasks.recovery import DRIVEN, resume_lost_tasks
from shared.workflow.task_runner import run_task_step
from tests.fixtures.app import App, office, update
from tests.fixtures.messages import told
from triggers.timers import take_up

K = TaskKind
BUSY = AzureBusy("engine", 503, "Unavailable", "not there")


def lost(app: App, kind: TaskKind = K.SET_AS_IMAGE, **fields: Any) -> Task:
    """A running task that no instance drives."""
    base = {"id": newest_first_id(app.now), "kind": kind, "image": "win11", "version": "3.0.0", "created_at": app.now}
    return app.tables.tasks.add(Task(**(base | fields)))


def run_of(app: App, task: Task) -> int:
    found = app.tables.tasks.find(TASKS, task.id)
    assert found
    return found.engine_run


def resume(app: App) -> list[str]:
    return resume_lost_tasks(app.services, app.engine)


@pytest.mark.parametrize("kind", sorted(DRIVEN))
def test_a_lost_task_gets_a_new_run(kind: TaskKind) -> None:
    app = office()
    task = lost(app, kind, engine_run=4)
    app.later(seconds=60)
    assert resume(app) == [task.id]
    assert app.engine.tasks == {(task.id, 5): kind}
    assert run_of(app, task) == 5
    assert resume(app) == []
    assert run_of(app, task) == 5


def test_a_suspended_task_says_so_until_it_is_resumed(caplog: pytest.LogCaptureFixture) -> None:
    app = office()
    task = lost(app, note=told("Waits for a ring."))
    app.engine.start_task(task.id, task.kind, 1)
    app.engine.suspended.add((task.id, 1))
    app.later(minutes=2)
    assert resume(app) == resume(app) == []
    assert run_of(app, task) == 1
    assert f"orchestration of task {task.id} is suspended" in caplog.text
    seen = app.send("GET", f"/api/tasks/{task.id}").json
    assert (seen["note"]["code"], seen["waits_for"]["code"]) == ("suspended", "suspended")
    app.engine.suspended.clear()
    app.later(seconds=30)
    resume(app)
    seen = app.send("GET", f"/api/tasks/{task.id}").json
    assert (seen["note"]["text"], seen["waits_for"]["text"]) == ("Waits for a ring.", "Waits for a ring.")


def test_a_running_task_is_not_resumed() -> None:
    app = office()
    task = lost(app)
    app.engine.start_task(task.id, task.kind, 1)
    app.later(days=1)
    assert resume(app) == []
    assert run_of(app, task) == 1


def test_a_new_task_or_rollout_is_left_to_its_request() -> None:
    app = office()
    task = lost(app)
    app.later(seconds=59)
    assert resume(app) == []
    app.later(seconds=1)
    assert resume(app) == [task.id]


@pytest.mark.parametrize("kind", sorted(set(K) - DRIVEN))
def test_a_task_that_completes_at_once_is_never_started(kind: TaskKind) -> None:
    app = office()
    lost(app, kind)
    app.later(hours=1)
    assert resume(app) == []
    assert app.engine.tasks == {}


@pytest.mark.parametrize("state", [state for state in TaskState if state.ended])
def test_an_ended_task_stays_ended(state: TaskState) -> None:
    app = office()
    lost(app, state=state)
    app.later(hours=1)
    assert resume(app) == []


def test_only_running_tasks_are_read_on_all_pages() -> None:
    app = office()
    tasks = [lost(app, id=f"{number:013d}-0000") for number in range(105)]
    for number in range(50):
        lost(app, id=f"{number:013d}-ffff", state=TaskState.SUCCEEDED)
    app.later(hours=1)
    asked: list[dict[str, Any]] = []
    page = app.tables.tasks.page

    def counted(partition: str, **given: Any) -> Any:
        asked.append(given)
        return page(partition, **given)

    app.tables.tasks.page = counted  # type: ignore[method-assign]
    assert resume(app) == [task.id for task in tasks]
    assert [given["state"] for given in asked] == [TaskState.RUNNING, TaskState.RUNNING]


def test_a_row_that_changes_meanwhile_is_left_to_the_next_run() -> None:
    app = office()
    task, other = lost(app, id="1-a"), lost(app, id="2-b")
    app.later(seconds=60)
    app.tables.tasks.failures["replace"] = [StaleRow("Tasks", task.id)]
    assert resume(app) == [other.id]
    assert resume(app) == [task.id]


def test_a_crash_between_row_and_start_is_recovered() -> None:
    app = office()
    task = lost(app)
    app.later(seconds=60)
    started = app.engine.start_task
    app.engine.start_task = refuse  # type: ignore[method-assign]
    with pytest.raises(AzureBusy):
        resume(app)
    assert run_of(app, task) == 2
    app.engine.start_task = started  # type: ignore[method-assign]
    app.later(minutes=1)
    assert resume(app) == [task.id]
    assert set(app.engine.tasks) == {(task.id, 3)}


def refuse(task_id: str, kind: TaskKind, run: int) -> None:
    raise BUSY


class TestBoth:
    """The timer takes up rollouts and tasks; trouble with the ones does not hold up the others."""

    def silent(self) -> tuple[App, str, Task]:
        app = office()
        rollout, task = str(update(app).json["id"]), lost(app)
        app.engine.rollouts.clear()
        app.later(hours=1)
        return app, rollout, task

    def test_rollouts_and_tasks_are_both_resumed(self) -> None:
        app, rollout, task = self.silent()
        assert take_up(app.services, app.engine) == [rollout, task.id]
        assert take_up(app.services, app.engine) == []

    def test_tasks_are_resumed_although_rollouts_cannot_be_read(self) -> None:
        app, _, task = self.silent()
        app.tables.pools.failures["page"] = [BUSY]
        with pytest.raises(ExceptionGroup) as text:
            take_up(app.services, app.engine)
        assert text.value.exceptions == (BUSY,)
        assert set(app.engine.tasks) == {(task.id, 2)}
        assert not app.engine.rollouts

    def test_rollouts_are_resumed_although_tasks_cannot_be_read(self) -> None:
        app, rollout, _ = self.silent()
        app.tables.tasks.failures["page"] = [BUSY]
        with pytest.raises(ExceptionGroup):
            take_up(app.services, app.engine)
        assert {name for name, _ in app.engine.rollouts} == {rollout}
        assert not app.engine.tasks


def test_a_task_of_a_newer_app_version_is_skipped_and_its_steps_wait() -> None:
    app = office()
    newer = lost(app, schema_version=SCHEMA_VERSION + 1)
    other = lost(app, K.UPDATE_POOLS)
    app.later(seconds=60)
    assert resume(app) == [other.id]
    given: dict[str, object] = {"task": newer.id, "run": newer.engine_run}
    with pytest.raises(NewerRow):
        run_task_step(app.services, app.engine, given, "claim_image", claim_image)
    assert app.tables.tasks.find(TASKS, newer.id) == newer
