"""Rollouts that ended long ago are removed with all their rows; what anything still needs stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import StaleRow
from shared.core.states import HostState, RolloutState
from shared.models.history.rollout_events import RolloutEvent
from shared.models.kept_disks import KeptDisk
from shared.models.messages import Message
from shared.models.tasks import Task, TaskKind
from shared.records.tidying import rollouts as old_rollouts
from shared.records.tidying.rollouts import KEPT_OF_EACH_POOL, tidy_rollouts
from shared.services import ROLLOUTS
from tests.fixtures.app import App, office
from tests.fixtures.rollout_rows import host, rollout

KEPT = 730


def add(app: App, name: str, ended_days_ago: float | None, pool: str = "gone", events: int = 1) -> None:
    """A rollout of two hosts that ended so many days ago; None: it still runs."""
    ended = None if ended_days_ago is None else app.now - timedelta(days=ended_days_ago)
    state = RolloutState.RUNNING if ended is None else RolloutState.SUCCEEDED
    created = (ended or app.now - timedelta(days=4 * KEPT)) - timedelta(days=1)
    app.tables.rollouts.add(rollout(id=name, pool=pool, state=state, created_at=created, ended_at=ended))
    for number in (1, 2):
        app.tables.hosts.add(host(HostState.DONE, f"h{number}").model_copy(update={"rollout": name}))
    text = Message(code="begun", text="The rollout began.")
    for number in range(events):
        app.tables.events.add(RolloutEvent(rollout=name, id=f"{number:05}", at=created, kind="begun", text=text))


def left(app: App) -> set[str]:
    return {one.id for one in app.tables.rollouts.every()}


def test_a_rollout_goes_with_its_hosts_and_its_history_when_its_time_is_over() -> None:
    app = App()
    add(app, "1-old", KEPT + 1)
    add(app, "2-young", KEPT - 1)
    add(app, "3-open", None)
    assert tidy_rollouts(app.services) == 4
    assert left(app) == {"2-young", "3-open"}
    assert {one.rollout for one in app.tables.hosts.every()} == {"2-young", "3-open"}
    assert {one.rollout for one in app.tables.events.every()} == {"2-young", "3-open"}
    assert tidy_rollouts(app.services) == 0


def test_the_newest_of_a_registered_pool_stay_however_old_they_are() -> None:
    app = office()
    names = [f"{number:03}-x" for number in range(KEPT_OF_EACH_POOL + 3)]
    for number, name in enumerate(names):
        add(app, name, KEPT + 1 + number, pool="office")
    tidy_rollouts(app.services)
    assert left(app) == set(names[:KEPT_OF_EACH_POOL])


def test_one_that_a_pool_names_or_whose_disks_are_kept_stays() -> None:
    app = office()
    for number in range(KEPT_OF_EACH_POOL):
        add(app, f"{number:03}-x", 1, pool="office")
    for name in ("100-last", "101-disk", "102-old"):
        add(app, name, KEPT + 1, pool="office")
    pool = app.tables.pools.every()[0]
    app.tables.pools.replace(pool.model_copy(update={"last_rollout": "100-last"}))
    disk = {"pool": "office", "host": "h1", "vm_id": "/vm", "disk_id": "/disk", "rollout": "101-disk"}
    app.tables.disks.add(KeptDisk.model_validate(disk | {"kept_at": app.now, "keep_until": app.now}))
    tidy_rollouts(app.services)
    assert {"100-last", "101-disk"} <= left(app)
    assert "102-old" not in left(app)


def test_what_one_run_cannot_finish_the_next_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App()
    add(app, "1-old", KEPT + 1, events=30)
    monkeypatch.setattr(old_rollouts, "MOST_ROWS", 10)
    removed = [tidy_rollouts(app.services) for _ in range(5)]
    assert removed == [10, 10, 10, 3, 0]
    assert left(app) == set()


def test_a_rollout_whose_rows_change_meanwhile_is_left_to_the_next_run() -> None:
    app = App()
    add(app, "1-old", KEPT + 1)
    app.tables.rollouts.failures["remove"] = [StaleRow("Rollouts", "1-old")]
    assert tidy_rollouts(app.services) == 3
    assert left(app) == {"1-old"}
    assert tidy_rollouts(app.services) == 1
    assert left(app) == set()


def test_rollouts_that_stay_for_ever_do_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    app = office()
    monkeypatch.setattr(old_rollouts, "PAGE", 3)
    for number in range(KEPT_OF_EACH_POOL):
        add(app, f"{number:03}-x", KEPT + 1 + number, pool="office")
    add(app, "950-open", None)
    add(app, "900-old", KEPT + 100)
    tidy_rollouts(app.services)
    assert "900-old" not in left(app)
    assert len(left(app)) == KEPT_OF_EACH_POOL + 1


def test_one_whose_task_is_still_there_stays() -> None:
    """Without it, the task would show the pool as not started."""
    app = App()
    made = {"kind": TaskKind.UPDATE_POOLS, "image": "win11", "version": "2.0.0", "created_at": app.now}
    app.tables.tasks.add(Task(id="task-1", **made))
    for name, task in (("1-of-task", "task-1"), ("2-of-gone-task", "task-0")):
        add(app, name, KEPT + 1)
        row = app.services.rollouts.find(ROLLOUTS, name)
        assert row
        app.tables.rollouts.replace(row.model_copy(update={"task": task}))
    tidy_rollouts(app.services)
    assert left(app) == {"1-of-task"}
