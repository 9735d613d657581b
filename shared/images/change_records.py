"""The task and the audit entry of a change that is made at once, written from the version's row.

The state rows are written first, in one transaction; task and audit entry follow. If the process dies in between, they
are written later from the same row: before its next change, or by retention.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass

from shared.api.images import VersionView
from shared.core.codes import Code
from shared.core.errors import AlreadyExists, FreshcoatError
from shared.core.ids import made_at
from shared.core.states import VersionState
from shared.models.images import GalleryVersion, Image, ImageVersion, Source
from shared.models.messages import Message, message, quote
from shared.models.tasks import Task, TaskKind
from shared.records.ownership import owners
from shared.records.tasks import note_done
from shared.services import POOLS, TASKS, Services
from shared.versions.removal_rules import WAS_GONE
from shared.versions.version_set import VersionSet
from shared.views.images import view_version

_log = logging.getLogger("freshcoat.images")


@dataclass(frozen=True)
class Change:
    """A change of a version: who made it, and from what to what."""

    kind: TaskKind
    who: str
    note: Message
    before: str
    after: str


def last_change(row: ImageVersion) -> Change | None:
    """The change that a row's `task` stands for; None when that task writes its own row."""
    version, ours = row.version, row.source is Source.CAPTURE
    match row.state:
        case _ if row.verdict and row.task == row.verdict_task:
            said = f": {quote(row.verdict.note[:1_000])}" if row.verdict.note else ""
            note = message(Code.VERDICT_RECORDED, f"{version} {row.verdict.result} its test{said}.")
            return Change(TaskKind.VERDICT, row.verdict.by, note, "", row.verdict.result)
        case VersionState.STAGED if not ours:
            note = message(Code.VERSION_STAGED, f"{version} is staged.")
            return Change(TaskKind.STAGE, row.created_by, note, "", version)
        case VersionState.DISCARDED if row.deleting or not ours or row.note == WAS_GONE:
            note = message(Code.VERSION_DISCARDED, f"{version} was discarded; it {row.note}.")
            return Change(TaskKind.DISCARD, row.removal_by, note, version, "")
        case VersionState.DISCARDED | VersionState.DELETED:
            note = message(Code.VERSION_REMOVED, f"{version} was removed from the gallery.")
            return Change(TaskKind.REMOVE, row.removal_by, note, version, "")
        case _:
            return None


def write_change_record(services: Services, row: ImageVersion, *, before: str = "") -> None:
    """Write the task and the audit entry of a row's last change, unless they exist.

    The change itself is already made, so a failure here is only logged. `before`: the value before the change, when the
    row does not hold it.
    """
    change = last_change(row)
    if change is None or not row.task:
        return
    try:
        if services.tasks.find(TASKS, row.task) is None:
            _write(services, row, change, before)
    except FreshcoatError as error:
        _log.warning("No task %s yet: %s of %s by %s: %s", row.task, change.kind, row.image, change.who, error)


def write_change_records(services: Services, version_set: VersionSet, version: str | None = None) -> None:
    """Write the records of changes that the image's next change overwrites: of the staged and the active version, and
    of `version`."""
    for name in {version_set.state.staged, version_set.state.active, version}:
        if row := version_set.versions.get(name or ""):
            write_change_record(services, row)


def _write(services: Services, row: ImageVersion, change: Change, before: str) -> None:
    now = services.now()
    task = Task(
        id=row.task,
        kind=change.kind,
        image=row.image,
        accounts=owners(services, row.image, ()),
        version=row.version,
        requested_by=change.who,
        created_at=made_at(row.task) or now,
        step_since=now,
    )
    with suppress(AlreadyExists):  # another worker wrote it
        note_done(services, task, change.note, before=before or change.before, after=change.after)


def shown(services: Services, image: Image, row: ImageVersion, there: GalleryVersion | None) -> VersionView:
    """The version as the API returns it, with the pools that use it."""
    pools = services.pools.all(POOLS)
    used_by = [pool.name for pool in pools if (pool.image, pool.version) == (image.name, row.version)]
    return view_version(image, row.version, there, row, used_by)
