"""Tasks and promotions that ended long ago are removed; what anything still names stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import AzureBusy, StaleRow
from shared.core.states import PromotionState, TaskState, VersionState
from shared.images.change_records import write_change_record
from shared.models.images import ImageState
from shared.models.promotions import Promotion
from shared.models.tasks import ActivationWork, Task, TaskKind
from shared.records.tidying import work
from shared.records.tidying.work import tidy_work
from tests.fixtures.app import App
from tests.fixtures.version_sets import record_family, version_row, version_set
from triggers.timers import forget_old

KEPT = 730


def add_task(app: App, name: str, ended_days_ago: float | None, **fields: Any) -> None:
    """A task that ended so many days ago; None: it still runs."""
    ended = None if ended_days_ago is None else app.now - timedelta(days=ended_days_ago)
    state = TaskState.RUNNING if ended is None else TaskState.SUCCEEDED
    made = (ended or app.now - timedelta(days=2 * KEPT)) - timedelta(days=1)
    given = {"kind": TaskKind.ACTIVATE, "image": "win11", "version": "2.0.0", "created_at": made, "ended_at": ended}
    app.tables.tasks.add(Task(id=name, state=state, **(given | fields)))


def add_promotion(app: App, name: str, ended_days_ago: float | None, **fields: Any) -> None:
    ended = None if ended_days_ago is None else app.now - timedelta(days=ended_days_ago)
    made = (ended or app.now - timedelta(days=2 * KEPT)) - timedelta(days=1)
    given = {
        "state": PromotionState.SCHEDULED if ended is None else PromotionState.PROMOTED,
        "image": "win11", "version": "3.0.0", "due_at": made, "time_zone": "UTC", "activation": ActivationWork(),
        "created_at": made, "ended_at": ended,
    }  # fmt: skip
    app.tables.promotions.add(Promotion(id=name, **(given | fields)))


def tasks(app: App) -> set[str]:
    return {one.id for one in app.tables.tasks.every()}


def promotions(app: App) -> set[str]:
    return {one.id for one in app.tables.promotions.every()}


def test_tasks_and_promotions_go_when_their_time_is_over() -> None:
    app = App()
    for name, days in (("1-old", KEPT + 1), ("2-young", KEPT - 1), ("3-open", None)):
        add_task(app, name, days)
        add_promotion(app, name, days)
    add_promotion(app, "4-not-settled", None, state=PromotionState.CANCELLED)
    assert tidy_work(app.services) == 2
    assert tasks(app) == {"2-young", "3-open"}
    assert promotions(app) == {"2-young", "3-open", "4-not-settled"}
    assert tidy_work(app.services) == 0


@pytest.mark.parametrize("field", ["capture", "activation", "last_task"])
def test_a_task_that_an_image_names_stays(field: str) -> None:
    app = App()
    add_task(app, "1-named", KEPT + 1)
    add_task(app, "2-other", KEPT + 1)
    record_family(app.tables.versions, version_set(**{field: "1-named"}))
    tidy_work(app.services)
    assert tasks(app) == {"1-named"}


@pytest.mark.parametrize("field", ["task", "made_by_task", "verdict_task"])
def test_a_task_that_a_backup_names_stays(field: str) -> None:
    app = App()
    add_task(app, "1-named", KEPT + 1)
    add_task(app, "2-other", KEPT + 1)
    backup = version_row("1.0.0", VersionState.BACKUP, **{field: "1-named"})
    record_family(app.tables.versions, version_set(backups=(), others=[backup]))
    tidy_work(app.services)
    assert tasks(app) == {"1-named"}


def test_the_next_change_of_a_version_does_not_record_its_old_one_anew() -> None:
    app = App()
    add_task(app, "1-staged", KEPT + 1, kind=TaskKind.STAGE)
    staged = version_row("3.0.0", VersionState.STAGED, task="1-staged")
    record_family(app.tables.versions, version_set(others=[staged]))
    tidy_work(app.services)
    write_change_record(app.services, staged)
    assert app.tables.audit.every() == []


def test_a_promotion_that_holds_its_image_and_its_task_stay() -> None:
    app = App()
    add_promotion(app, "1-holds", KEPT + 1, task="8-of-holder")
    add_promotion(app, "2-young", KEPT - 1, task="9-of-young")
    for name in ("8-of-holder", "9-of-young"):
        add_task(app, name, KEPT + 1)
    app.tables.versions.add(ImageState(image="win11", promotion="1-holds"))
    assert tidy_work(app.services) == 0


def test_what_stays_for_ever_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App()
    monkeypatch.setattr(work, "PAGE", 2)
    names = [f"{number}-named" for number in range(5)]
    for number, name in enumerate(names):
        add_task(app, name, KEPT + 1 + number)
    add_task(app, "9-old", KEPT + 100)
    backups = [version_row(f"1.0.{number}", VersionState.BACKUP, task=name) for number, name in enumerate(names)]
    record_family(app.tables.versions, version_set(backups=(), others=backups))
    assert tidy_work(app.services) == 1
    assert tasks(app) == set(names)


@pytest.mark.parametrize("kind", ["tasks", "promotions"])
def test_one_run_removes_a_bounded_number_and_a_changed_row_is_left(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    app = App()
    monkeypatch.setattr(work, "PAGE", 2)
    monkeypatch.setattr(work, "MOST_ROWS", 3)
    for number in range(7):
        (add_task if kind == "tasks" else add_promotion)(app, f"{number}-old", KEPT + 1 + number)
    table = app.tables.tasks if kind == "tasks" else app.tables.promotions
    table.failures["remove"] = [StaleRow(kind, "1-old")]
    assert [tidy_work(app.services) for _ in range(4)] == [3, 3, 1, 0]


def test_one_kind_that_cannot_be_removed_does_not_keep_the_others() -> None:
    app = App()
    add_task(app, "1-old", KEPT + 1)
    busy = AzureBusy("read", 503, "Unavailable", "not there")
    app.tables.audit.failures["page"] = [busy]
    with pytest.raises(ExceptionGroup) as text:
        forget_old(app.services, app.engine)
    assert text.value.exceptions == (busy,)
    assert tasks(app) == set()
    assert forget_old(app.services, app.engine) == 0
