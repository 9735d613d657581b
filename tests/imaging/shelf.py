"""What tests of staging, verdicts and removal share: an image with versions old and new, and who uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.api.images import StageRequest, VersionView
from shared.core.states import PromotionState, VersionState
from shared.images.retention import tidy
from shared.images.staging import stage_version
from shared.models.audit import AuditEntry
from shared.models.images import GalleryVersion, Image, ImageVersion, Retention, Source
from shared.models.pools import EntraJoin, Pool
from shared.models.promotions import Promotion
from shared.models.tasks import ActivationWork, Task, TaskKind
from shared.services import PROMOTIONS, TASKS
from tests.fixtures.app import App
from tests.fixtures.azure_world import DEFINITION_ID, HOST_POOL_ID
from tests.fixtures.families import family, record_family, version_row
from tests.fixtures.play import Play
from tests.imaging.studio import IMAGE, recorded

FIRST, SECOND, ACTIVE, NEXT = "1.0.0", "2.0.0", "3.0.0", "4.0.0"
"""Two backups, the active version, and one that is in the gallery and left out of latest."""
PROMOTION = "p-1"
ONE, NONE = Retention(backups=1), Retention(backups=0)
OTHER = f"{DEFINITION_ID}-linux"
"""The definition of a second image."""


def shelf(
    *hosts: str, staged: Source | None = None, retention: Retention | None = None, promotion: bool = False
) -> Play:
    """The image; 1.0.0 is a backup for 60 days and 2.0.0 for 50. Pool `office` is on 3.0.0 with hosts on `hosts`.

    `staged`: 4.0.0 is staged, and where it came from; `promotion`: its activation is scheduled. What is not needed
    stays for ever, unless `retention` says otherwise.
    """
    app = App()
    for version in (FIRST, SECOND, ACTIVE, NEXT):
        app.world.add_version(version, staged=version != ACTIVE)
    keep = retention or Retention(backups=50)
    image = Image(name=IMAGE, definition_id=DEFINITION_ID, retention=keep, registered_at=app.now)
    app.tables.images.add(image)
    backups = [backup(app, FIRST, 60), backup(app, SECOND, 50)]
    others = [*backups, *([version_row(NEXT, VersionState.STAGED, source=staged)] if staged else [])]
    state = {"staged": NEXT if staged else None, "promotion": PROMOTION if promotion else ""}
    record_family(app.tables.versions, family(ACTIVE, backups=(), others=others).changed(**state))
    if promotion:
        app.tables.promotions.add(
            Promotion(
                id=PROMOTION, image=IMAGE, version=NEXT, due_at=app.now + timedelta(days=7), time_zone="UTC",
                activation=ActivationWork(), requested_by="bob", created_at=app.now,
            )
        )  # fmt: skip
    add_pool(app, "office", ACTIVE, *hosts)
    return Play(app, lambda: tidy(app.services))


def with_linux(retention: Retention = NONE) -> Play:
    """A second image, read before the other, with a backup that is not needed either."""
    play = shelf(ACTIVE, retention=retention)
    app = play.app
    for version in (FIRST, ACTIVE):
        app.world.add_version(version, OTHER, staged=version == FIRST)
    app.tables.images.add(Image(name="linux", definition_id=OTHER, retention=NONE, registered_at=app.now))
    others = [backup(app, FIRST, 60, image="linux")]
    record_family(app.tables.versions, family(ACTIVE, backups=(), others=others, image="linux"))
    return play


def backup(app: App, version: str, days: float, **fields: Any) -> ImageVersion:
    """A backup that another version replaced so many days ago."""
    return version_row(version, VersionState.BACKUP, retired_at=app.now - timedelta(days=days), **fields)


def add_pool(app: App, name: str, version: str | None, *hosts: str, **fields: Any) -> Pool:
    """A pool whose row says `version`, with hosts on those given."""
    host_pool_id = HOST_POOL_ID.replace("hp-office", f"hp-{name}")
    app.world.add_pool(host_pool_id)
    for number, on in enumerate(hosts):
        app.world.add_host(f"{name}-{number}", version=on, host_pool_id=host_pool_id)
    given: dict[str, Any] = {
        "name": name, "account": "default", "host_pool_id": host_pool_id, "image": IMAGE, "version": version,
        "join": EntraJoin(kind="entra"), "registered_at": app.now,
    }  # fmt: skip
    return app.tables.pools.add(Pool(**(given | fields)))


def row_of(play: Play, version: str) -> ImageVersion:
    """A version as it is recorded."""
    return recorded(play).versions[version]


def in_gallery(play: Play) -> set[str]:
    """The versions that the gallery has."""
    return set(play.app.world.versions[DEFINITION_ID.lower()])


def tasks(play: Play) -> list[tuple[TaskKind, str | None, str]]:
    """Kind, version and author of every task, oldest first; each has ended well."""
    found: list[Task] = play.app.tables.tasks.all(TASKS)
    assert all(task.state == "succeeded" and task.percent == 100 and task.ended_at for task in found)
    return [(task.kind, task.version, task.requested_by) for task in reversed(found)]


def audited(play: Play) -> list[tuple[str, str, str, str]]:
    """Author, action, from and to of every entry of the month about the image, oldest first."""
    found: list[AuditEntry] = play.app.tables.audit.all(f"{play.app.now:%Y-%m}")
    return [(entry.who, entry.action, entry.before, entry.after) for entry in reversed(found)]


def promotion_state(play: Play) -> tuple[PromotionState, str]:
    """State and note of the scheduled promotion."""
    found = play.app.tables.promotions.find(PROMOTIONS, PROMOTION)
    assert found
    return found.state, found.note


def stage(play: Play, version: str = NEXT, notes: str = "") -> VersionView:
    """Ann stages a version."""
    return stage_version(play.app.services, IMAGE, StageRequest(version=version, notes=notes), "ann")


def include(play: Play, version: str = NEXT, **fields: Any) -> None:
    """The gallery has the version otherwise: in latest, and what else is given."""
    versions: dict[str, GalleryVersion] = play.app.world.versions[DEFINITION_ID.lower()]
    versions[version] = versions[version].model_copy(update={"exclude_from_latest": False, **fields})


def settled(play: Play) -> None:
    """Whatever Azure was asked for is through."""
    for _ in range(3):
        play.app.services.gallery.versions(DEFINITION_ID)
