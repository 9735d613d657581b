"""Tasks over HTTP: the list with rollouts among them, one with its steps, and cancelling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import StaleRow
from shared.core.ids import newest_first_id
from shared.core.names import REPLICATE_VERSION
from shared.core.states import HostState, RolloutState, TaskState
from shared.core.task_steps import CAPTURE_STEPS
from shared.models.policy import ScheduleMode
from shared.models.rollouts import Rollout, RolloutHost, Schedule
from shared.models.tasks import CaptureWork, PoolsUpdate, PoolsWork, Task, TaskKind, TaskStep
from shared.services import TASKS
from tests.fixtures.app import START, App, office, update
from tests.fixtures.audit import changes
from tests.fixtures.messages import told

K, S = TaskKind, TaskState


def add(app: App, kind: TaskKind = K.SET_AS_IMAGE, **fields: Any) -> Task:
    """A running task on `win11`, made now."""
    capture = CaptureWork(template_vm_id="/vm", regions=()) if kind is K.SET_AS_IMAGE else None
    base: dict[str, Any] = {
        "id": newest_first_id(app.now), "kind": kind, "image": "win11", "version": "3.0.0", "created_at": app.now,
        "requested_by": "ann", "capture": capture,
    }  # fmt: skip
    return app.tables.tasks.add(Task(**(base | fields)))


def stored(app: App, task: Task) -> Task:
    found = app.tables.tasks.find(TASKS, task.id)
    assert found
    return found


def listed(app: App, query: str = "") -> list[str]:
    return [row["id"] for row in app.send("GET", f"/api/tasks{query}").json["items"]]


class TestList:
    """Tasks and rollouts, newest first."""

    def test_rollouts_are_among_the_tasks_newest_first(self) -> None:
        app = office()
        first = add(app, state=S.SUCCEEDED, percent=100, step="clean_up", note=told("Version 3.0.0 is staged."))
        app.later(seconds=1)
        rollout = update(app).json["id"]
        app.later(seconds=1)
        last = add(app, K.ACTIVATE, percent=15, step="flip_flags", note=told("version 2.0.0 is excluded from latest"))
        rows = app.send("GET", "/api/tasks").json["items"]
        assert [row["id"] for row in rows] == [last.id, rollout, first.id]
        assert [row["kind"] for row in rows] == ["activate", "rollout", "set_as_image"]
        assert [row["pool"] for row in rows] == [None, "office", None]
        assert [row["step"] for row in rows] == [
            "setting the latest version in the gallery",
            "waiting for its time",
            "",
        ]
        assert [row["percent"] for row in rows] == [15, 0, 100]
        assert [row["note"] and row["note"]["text"] for row in rows] == [last.note.text, None, first.note.text]
        assert [app.send("GET", row["href"]).json["id"] for row in rows] == [last.id, rollout, first.id]

    def test_tasks_are_filtered_by_kind_image_or_state(self) -> None:
        app = office()
        rollout = update(app).json["id"]
        capture = add(app, id="2-c", state=S.FAILED)
        stage = add(app, K.STAGE, id="1-s", image="other", state=S.SUCCEEDED)
        assert listed(app, "?kind=rollout") == [rollout]
        assert listed(app, "?kind=stage") == [stage.id]
        assert listed(app, "?image=other") == [stage.id]
        assert listed(app, "?image=win11") == [capture.id, rollout]
        assert listed(app, "?state=failed") == [capture.id]
        assert listed(app, "?state=scheduled") == [rollout]
        assert listed(app, "?state=failed&kind=stage") == []
        assert listed(app, "?state=scheduled&kind=stage") == []
        both = app.rollout(rollout).model_copy(update={"state": RolloutState.FAILED})
        app.tables.rollouts.replace(both)
        assert listed(app, "?state=failed") == [capture.id, rollout]

    @pytest.mark.parametrize("query", ["kind=upload", "state=gone", "limit=0", "continuation=???", "pools=office"])
    def test_contradictory_filters_are_refused(self, query: str) -> None:
        assert office().send("GET", f"/api/tasks?{query}").bad_fields == {query.split("=", maxsplit=1)[0]}

    @given(
        tasks=st.lists(st.integers(0, 30), max_size=25),
        rollouts=st.lists(st.integers(0, 30), max_size=25),
        limit=st.integers(1, 9),
        later=st.booleans(),
    )
    def test_no_row_is_lost_or_doubled_across_pages(
        self, tasks: list[int], rollouts: list[int], limit: int, later: bool
    ) -> None:
        """Also when ids are of the same moment, or the same, and while new tasks turn up in front."""
        app, row = office(), None
        row = app.rollout(update(app).json["id"])
        expected = {row.id}
        for number, moment in enumerate(tasks):
            expected.add(add(app, K.STAGE, id=f"8{moment:012d}-{number:04x}").id)
        for number, moment in enumerate(rollouts):
            twin = f"8{moment:012d}-{number:04x}"
            app.tables.rollouts.add(Rollout(**(row.model_dump() | {"id": twin})))
            expected.add(twin)
        expected_rows = sorted([*expected, *(twins(tasks) & twins(rollouts))])
        seen: list[str] = []
        token = ""
        while True:
            page = app.send("GET", f"/api/tasks?limit={limit}{token}").json
            seen += [item["id"] for item in page["items"]]
            if page["continuation"] is None:
                break
            assert len(page["items"]) >= limit
            token = f"&continuation={page['continuation']}"
            if later:
                add(app, K.STAGE, id=f"0{len(seen):012d}-new")
        assert seen == expected_rows


def twins(moments: list[int]) -> set[str]:
    return {f"8{moment:012d}-{number:04x}" for number, moment in enumerate(moments)}


class TestRead:
    """One task."""

    def test_a_task_shows_its_steps_in_plain_words_and_its_leftovers(self) -> None:
        app = office()
        task = add(
            app,
            step="prepare_copy",
            note=told("the copy is prepared"),
            steps=(TaskStep(name="prepare_copy", begun_at=app.now),),
            capture=CaptureWork(template_vm_id="/vm", regions=(), left_over=("/disk: Azure is busy",)),
            promotion="p1",
        )
        read = app.send("GET", f"/api/tasks/{task.id}").json
        assert read["step"] == "preparing the clone (sysprep)"
        assert [step["name"] for step in read["steps"]] == ["preparing the clone (sysprep)"]
        assert (read["left_over"], read["promotion"]) == (["/disk: Azure is busy"], "p1")
        assert read["requested_by"] == "ann"

    def test_an_activation_shows_its_pools(self) -> None:
        app = office()
        begun = {"office": update(app).json["id"]}
        noted = {**begun, "later": "8204680874795-4bd9"}  # noted, and not asked for yet
        schedule = Schedule(mode=ScheduleMode.NOW, begin_at=app.now, force_at=app.now, time_zone="UTC")
        update_ = PoolsUpdate(
            pools=("lab", "later", "office"), rings={"lab": 0, "later": 0, "office": 0}, schedule=schedule
        )
        work = PoolsWork(update=update_, rollouts=noted, skipped={"lab": told("was unregistered")}, ring=0)
        read = app.send("GET", f"/api/tasks/{add(app, K.ACTIVATE, pools=work).id}").json
        assert (read["rollouts"], read["skipped"], read["ring"]) == (
            begun,
            {"lab": {"code": "paused", "text": "was unregistered"}},
            0,
        )

    def test_a_rollout_is_a_task_with_the_percent_of_its_hosts(self) -> None:
        app = office()
        rollout = update(app).json["id"]
        app.tables.hosts.add(RolloutHost(rollout=rollout, host="a", vm_id="/a", state=HostState.DONE))
        app.tables.hosts.add(RolloutHost(rollout=rollout, host="b", vm_id="/b"))
        read = app.send("GET", f"/api/tasks/{rollout}").json
        assert (read["kind"], read["percent"], read["href"]) == ("rollout", 50, f"/api/rollouts/{rollout}")

    def test_a_failing_task_shows_its_failure_before_its_waiting_reason(self) -> None:
        app = office()
        task = add(app, failure="sysprep failed", note=told("the copy is removed"))
        assert app.send("GET", f"/api/tasks/{task.id}").json["note"]["text"] == "Sysprep failed."
        ended = add(app, id="1-e", state=S.FAILED, failure="sysprep failed", note=told("Failed: sysprep failed."))
        assert app.send("GET", f"/api/tasks/{ended.id}").json["note"]["text"] == "Failed: sysprep failed."

    def test_reading_an_unknown_task_is_404(self) -> None:
        assert office().send("GET", f"/api/tasks/{newest_first_id(START)}").status == 404
        assert office().send("GET", "/api/tasks/UP").bad_fields == {"task"}


class TestCancel:
    """The next step finds it cancelled."""

    def cancel(self, app: App, task: Task) -> Any:
        return app.send("POST", f"/api/tasks/{task.id}/cancel")

    @pytest.mark.parametrize("phase", ["", *CAPTURE_STEPS[: CAPTURE_STEPS.index(REPLICATE_VERSION)]])
    def test_a_cancelled_capture_cannot_succeed(self, phase: str) -> None:
        app = office()
        task = add(app, phase=phase, note=told("waits"))
        reply = self.cancel(app, task)
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/tasks/{task.id}")
        assert (reply.json["state"], reply.json["note"]["text"]) == ("running", "Cancelled by developer.")
        now = stored(app, task)
        assert (now.cancelled_by, now.failure) == ("developer", "cancelled by developer")
        entry = changes(app.tables, f"{app.now:%Y-%m}")[0]
        assert (entry.action, entry.subject, entry.who) == ("cancel task", "win11", "developer")

    @pytest.mark.parametrize("phase", [REPLICATE_VERSION, "record_version"])
    def test_a_cancelled_capture_keeps_a_version_that_was_created(self, phase: str) -> None:
        app = office()
        task = add(app, phase=phase)
        reply = self.cancel(app, task)
        assert (reply.status, reply.json["task"]) == (409, task.id)
        assert "discard" in reply.json["detail"]
        assert stored(app, task) == task

    @pytest.mark.parametrize("kind", [K.ACTIVATE, K.ROLL_BACK])
    def test_a_cancelled_activation_starts_no_more_pools_but_has_not_failed(self, kind: TaskKind) -> None:
        app = office()
        task = add(app, kind)
        assert self.cancel(app, task).json["note"]["text"] == "Cancelled by developer."
        assert (stored(app, task).cancelled_by, stored(app, task).failure) == ("developer", "")

    @pytest.mark.parametrize("state", [S.SUCCEEDED, S.FAILED])
    @pytest.mark.parametrize("kind", list(K))
    def test_cancelling_an_ended_task_is_refused(self, kind: TaskKind, state: TaskState) -> None:
        app = office()
        assert self.cancel(app, add(app, kind, state=state)).status == 409

    def test_cancelling_a_failing_task_is_refused(self) -> None:
        app = office()
        task = add(app, failure="sysprep failed")
        assert self.cancel(app, task).status == 409
        assert stored(app, task).cancelled_by == ""

    def test_a_repeated_cancellation_changes_nothing(self) -> None:
        app = office()
        task = add(app)
        self.cancel(app, task)
        before = stored(app, task)
        assert self.cancel(app, task).status == 202
        assert stored(app, task) == before
        ended = app.tables.tasks.replace(before.model_copy(update={"state": S.CANCELLED}))
        assert self.cancel(app, task).json["state"] == "cancelled"
        assert stored(app, task) == ended
        assert len(changes(app.tables, f"{app.now:%Y-%m}")) == 1

    def test_a_row_that_changes_meanwhile_is_read_and_decided_again(self) -> None:
        app = office()
        task = add(app, phase="capture_version")
        app.tables.tasks.failures["replace"] = [StaleRow("Tasks", task.id)] * 3
        assert self.cancel(app, task).status == 202
        assert stored(app, task).cancelled_by
        other = add(app, id="1-o")
        app.tables.tasks.failures["replace"] = [StaleRow("Tasks", other.id)] * 99
        assert self.cancel(app, other).status == 409

    def test_a_rollout_is_cancelled_under_its_own_route(self) -> None:
        app = office()
        rollout = update(app).json["id"]
        reply = app.send("POST", f"/api/tasks/{rollout}/cancel")
        assert (reply.status, reply.json["rollout"]) == (409, rollout)
        assert reply.json["href"] == f"/api/rollouts/{rollout}"
        assert app.rollout(rollout).state is RolloutState.SCHEDULED

    def test_cancelling_an_unknown_task_is_404(self) -> None:
        missing = newest_first_id(START + timedelta(days=1))
        assert office().send("POST", f"/api/tasks/{missing}/cancel").status == 404
