"""What tests of scheduled promotions share: an image with a staged version, its promotion, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from shared.core.states import PromotionState, VersionState
from shared.images.promotions.due import run_due
from shared.models.promotions import Promotion
from shared.models.tasks import TaskKind
from shared.records.versions import read_family
from shared.services import PROMOTIONS, TASKS
from tests.fixtures.app import App, Reply
from tests.fixtures.families import family, record_family, version_row
from tests.fixtures.play import Play
from tests.imaging.studio import IMAGE, NEW, OLD, studio

STAGED_BEFORE = timedelta(days=3)


def with_staged() -> Play:
    """The image `win11`: 1.0.0 is active, 2.0.0 was staged three days ago. The timer runs every half minute."""
    play = studio(staged=True)
    record_staged(play.app)
    play.timers.append(quietly(run, play.app))
    return play


def record_staged(app: App, **fields: Any) -> None:
    """Record 1.0.0 as active and 2.0.0 as staged three days ago, whatever was before."""
    staged = version_row(NEW, VersionState.STAGED, staged_at=app.now - STAGED_BEFORE, **fields)
    record_family(app.tables.versions, family(OLD, backups=(), staged=NEW, others=[staged]))


def ask(app: App, *, hours: float = 24, **body: Any) -> Reply:
    """Schedule the activation so many hours from now, unless the body says otherwise."""
    moment = {} if "days_after_staging" in body else {"at": (app.now + timedelta(hours=hours)).isoformat()}
    return app.send("POST", "/api/promotions", {"image": IMAGE, **moment, **body})


def plan(app: App, **asked: Any) -> str:
    """Schedule the activation; its id."""
    reply = ask(app, **asked)
    assert reply.status == 201, reply.text
    return str(reply.json["id"])


def planned(**asked: Any) -> tuple[App, str]:
    """An app with one promotion, due in a day."""
    app = with_staged().app
    return app, plan(app, **asked)


def run(app: App) -> list[str]:
    """The timer fires."""
    return run_due(app.services, app.engine)


def row(app: App, promotion_id: str) -> Promotion:
    """The promotion's row."""
    found = app.tables.promotions.find(PROMOTIONS, promotion_id)
    assert found is not None
    return found


def active(app: App) -> str | None:
    """The active version."""
    return read_family(app.services, IMAGE).state.active


def held_for(app: App) -> str:
    """The promotion that the image is held for."""
    return read_family(app.services, IMAGE).state.promotion


def activations(app: App) -> list[str]:
    """The tasks that activate a version."""
    return [task.id for task in app.tables.tasks.all(TASKS) if task.kind is TaskKind.ACTIVATE]


def assert_promoted_once(app: App, promotion_id: str) -> None:
    """The version is active by one task, the promotion says by which, and the image is free."""
    promotion = row(app, promotion_id)
    assert (promotion.state, promotion.ended_at is not None) == (PromotionState.PROMOTED, True)
    assert activations(app) == [promotion.task]
    found = read_family(app.services, IMAGE)
    assert (found.state.active, found.state.staged, found.state.promotion) == (NEW, None, "")
    assert (found.state.activation, found.versions[NEW].task) == (promotion.task, promotion.task)
    assert told(app).count(("activate version", OLD, NEW)) == 1


def assert_not_promoted(app: App, promotion_id: str, state: PromotionState) -> None:
    """Nothing was activated, the promotion has ended so, and the image is free."""
    promotion = row(app, promotion_id)
    assert (promotion.state, promotion.ended_at is not None) == (state, True)
    assert promotion.note
    assert (active(app), held_for(app)) == (OLD, "")
    assert ("activate version", OLD, NEW) not in told(app)


def told(app: App) -> list[tuple[str, str, str]]:
    """What was done, from, to: the audit of this month and the next ones, oldest first."""
    months = [f"{app.now.year + (app.now.month - 1 + m) // 12}-{(app.now.month - 1 + m) % 12 + 1:02d}" for m in (-1, 0)]
    entries = [entry for month in months for entry in reversed(app.tables.audit.all(month))]
    return [(entry.action, entry.before, entry.after) for entry in entries]


def quietly(act: Callable[..., object], *given: Any, **named: Any) -> Callable[[], None]:
    """The act with what it is given, to be done later; its answer is not asked for."""

    def later() -> None:
        act(*given, **named)

    return later


def cancel(app: App, promotion_id: str) -> Reply:
    """Cancel the promotion."""
    return app.send("DELETE", f"/api/promotions/{promotion_id}")


def move(app: App, promotion_id: str) -> Reply:
    """Move the promotion by weeks."""
    return app.send("POST", f"/api/promotions/{promotion_id}/reschedule", {"at": "2026-12-01T00:00:00Z"})


def discard(app: App, _: str = "") -> Reply:
    """Discard the version that is to be promoted."""
    return app.send("DELETE", f"/api/images/{IMAGE}/versions/{NEW}")
