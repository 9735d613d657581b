"""How versions are removed: discarded by a user, or deleted by retention once unused. Pure.

A version is fenced before its removal: while `deleting` is set, nobody may start to use it. Only then is it checked for
users, and removed if there are none. A discarded version keeps the mark until it is gone from the gallery, so that an
interrupted removal is found again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.errors import Conflict
from shared.core.states import VERSION_FORMERLY_ACTIVE, VersionState
from shared.core.wording import VERSION_WORDS
from shared.models.base import version_key
from shared.models.images import GalleryVersion, ImageVersion, Retention, Source
from shared.versions.version_set import VersionSet, known, with_state

_V = VersionState
_LEFT = frozenset({_V.FAILED, _V.DISCARDED, _V.DELETED})

SETTLING = timedelta(minutes=30)
"""How long a version is kept after another replaced it, whatever retention says. A host that is being created from it
is in no pool yet, so the usage check cannot see it."""

BEING_REMOVED = "is being removed from the gallery"
WAS_KEPT = "was kept in the gallery, excluded from latest"
WAS_GONE = "was not in the gallery any more"
WAS_REPLACED = "was removed; the gallery version with this number may belong to someone else and was kept"
"""Notes on a version, shown to people."""


def is_being_removed(version_set: VersionSet, version: str) -> bool:
    """Whether the version may no longer be used for anything new."""
    row = version_set.versions.get(version)
    return row is not None and (row.deleting or row.state in _LEFT)


def discard(
    version_set: VersionSet, version: str, *, task: str, now: datetime, who: str, in_gallery: bool = True
) -> VersionSet:
    """Discard a staged version. A promotion of it becomes invalid.

    A captured version is also deleted from the gallery; a version that another tool published is kept there. When it is
    not `in_gallery`, nothing is left to delete, and its number is free at once. Safe to repeat by the same task.
    """
    row = known(version_set, version)
    if row.state is _V.DISCARDED and row.task == task:
        return version_set
    if row.state is not _V.STAGED:
        raise Conflict(f"Version {version} {VERSION_WORDS[row.state]}: only a staged version can be discarded.")
    leaves = in_gallery and row.source is Source.CAPTURE
    note = BEING_REMOVED if leaves else WAS_KEPT if in_gallery else WAS_GONE
    gone = with_state(row, _V.DISCARDED, ended_at=now, task=task, deleting=leaves, removal_by=who, note=note)
    return version_set.changed(gone, staged=None, promotion="", last_task=task)


def begin_removal(version_set: VersionSet, version: str, *, who: str, now: datetime) -> VersionSet:
    """Fence a version that was active for removal. Safe to repeat; the first requester is kept."""
    row = known(version_set, version)
    if row.state not in VERSION_FORMERLY_ACTIVE:
        raise Conflict(f"Version {version} {VERSION_WORDS[row.state]}: only a backup can be removed.")
    if row.deleting:
        return version_set
    if row.retired_at and now < (settled := row.retired_at + SETTLING):
        raise Conflict(
            f"Version {version} was active until {row.retired_at:%H:%M} UTC, and hosts may still be in the making from "
            f"it. Ask again after {settled:%H:%M} UTC."
        )
    return version_set.changed(row.model_copy(update={"deleting": True, "removal_by": who, "note": BEING_REMOVED}))


def not_removed(version_set: VersionSet, version: str, reason: str) -> VersionSet:
    """Keep a backup after all, or a discarded version until the next attempt. Safe to repeat."""
    row = version_set.versions.get(version)
    if row is None or not (row.state in VERSION_FORMERLY_ACTIVE or row.deleting):
        return version_set
    kept = row.model_copy(update={"note": reason})
    if row.state in VERSION_FORMERLY_ACTIVE:
        kept = kept.model_copy(update={"deleting": False, "removal_by": "", "removal_begun_at": None})
    return version_set if kept == row else version_set.changed(kept)


def another_has_come(row: ImageVersion, there: GalleryVersion) -> bool:
    """Whether the gallery version with a fenced version's number is, or may be, a different one.

    A captured version is identified by its tag. Others cannot be compared: once Azure accepted the removal, a version
    that is ready is left alone, since somebody may have published it afterwards.
    """
    if row.made_by_task:
        return there.task != row.made_by_task
    return row.removal_begun_at is not None and (there.ready or there.failed)


def removal_begun(version_set: VersionSet, version: str, now: datetime) -> VersionSet:
    """Azure accepted the removal of a fenced version. Safe to repeat."""
    row = version_set.versions.get(version)
    if row is None or not row.deleting or row.removal_begun_at:
        return version_set
    return version_set.changed(row.model_copy(update={"removal_begun_at": now}))


def removed(version_set: VersionSet, version: str, *, task: str, now: datetime, note: str = "") -> VersionSet:
    """The version is gone from the gallery. Safe to repeat; a version that is not being removed is unchanged."""
    row = version_set.versions.get(version)
    if row is None or not row.deleting:
        return version_set
    done: dict[str, object] = {"task": task, "deleting": False, "note": note}
    if row.state in VERSION_FORMERLY_ACTIVE:
        return version_set.changed(with_state(row, _V.DELETED, ended_at=now, **done), last_task=task)
    return version_set.changed(row.model_copy(update=done), last_task=task)


def to_remove(version_set: VersionSet, retention: Retention, now: datetime) -> list[str]:
    """Versions that may be removed if unused, lowest first.

    These are versions that were replaced without a backup, backups that are both beyond the last `retention.backups`
    and older than `retention.days`, and versions whose removal has already begun.
    """
    kept = [row for row in version_set.versions.values() if not row.deleting]
    replaced = [row for row in kept if row.state is _V.REPLACED]
    by_age = sorted((row for row in kept if row.state is _V.BACKUP), key=_retired, reverse=True)
    oldest = now - timedelta(days=retention.days)
    expired = [row for row in by_age[retention.backups :] if _retired(row)[0] < oldest]
    settled = [row.version for row in (*replaced, *expired) if _retired(row)[0] + SETTLING <= now]
    started = [row.version for row in version_set.versions.values() if row.deleting]
    return sorted({*settled, *started}, key=version_key)


def _retired(row: ImageVersion) -> tuple[datetime, tuple[int, int, int]]:
    return row.retired_at or row.created_at, version_key(row.version)
