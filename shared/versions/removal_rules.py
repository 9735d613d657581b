"""How versions leave an image again: discarded, or removed once nobody needs them. Pure, as `lifecycle` is.

A version is fenced before it is removed: with `deleting` set nobody may begin to use it. It is looked for users
after that, and only then does it go. A discarded version keeps the mark until the gallery has it no more, so that a
removal that was cut off is found again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.errors import Conflict
from shared.core.states import VersionState
from shared.core.wording import VERSION_WORDS
from shared.models.base import version_key
from shared.models.images import GalleryVersion, ImageVersion, Retention, Source
from shared.versions.version_set import VersionSet, known, with_state

_V = VersionState
_LEFT = frozenset({_V.FAILED, _V.DISCARDED, _V.DELETED})

SETTLING = timedelta(minutes=30)
"""How long a version stays after another took its place, whatever retention says: a host that is being made from it
is in no pool yet, so nobody sees it."""

BEING_REMOVED = "is being removed from the gallery"
WAS_KEPT = "stays in the gallery, left out of latest"
WAS_REPLACED = "is gone; what the gallery has under its number may be somebody else's and stays"
"""What is noted of a version, for people."""


def is_being_removed(version_set: VersionSet, version: str) -> bool:
    """Whether nobody may begin to use the version any more."""
    row = version_set.versions.get(version)
    return row is not None and (row.deleting or row.state in _LEFT)


def discard(version_set: VersionSet, version: str, *, task: str, now: datetime, who: str) -> VersionSet:
    """A staged version will not be used. Its promotion, if one is scheduled, no longer stands.

    One that was captured for this is to leave the gallery too; one that somebody else put there stays. Safe to
    repeat by the same task.
    """
    row = known(version_set, version)
    if row.state is _V.DISCARDED and row.task == task:
        return version_set
    if row.state is not _V.STAGED:
        raise Conflict(f"Version {version} {VERSION_WORDS[row.state]}: only a staged version can be discarded.")
    ours = row.source is Source.CAPTURE
    note = BEING_REMOVED if ours else WAS_KEPT
    gone = with_state(row, _V.DISCARDED, ended_at=now, task=task, deleting=ours, removal_by=who, note=note)
    return version_set.changed(gone, staged=None, promotion="", last_task=task)


def begin_removal(version_set: VersionSet, version: str, *, who: str, now: datetime) -> VersionSet:
    """Nobody may begin to use this backup any more. Safe to repeat; who asked first is kept."""
    row = known(version_set, version)
    if row.state is not _V.BACKUP:
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
    """A backup stays after all; a discarded version until the next try. Safe to repeat."""
    row = version_set.versions.get(version)
    if row is None or not (row.state is _V.BACKUP or row.deleting):
        return version_set
    kept = row.model_copy(update={"note": reason})
    if row.state is _V.BACKUP:
        kept = kept.model_copy(update={"deleting": False, "removal_by": "", "removal_begun_at": None})
    return version_set if kept == row else version_set.changed(kept)


def another_has_come(row: ImageVersion, there: GalleryVersion) -> bool:
    """Whether what the gallery has under a fenced version's number is not that version, or perhaps is not.

    Of a captured one the gallery's tag says so. Of others nothing can be compared: once Azure had taken on its
    removal, what is ready there is left alone, since somebody may have published it after that.
    """
    if row.made_by_task:
        return there.task != row.made_by_task
    return row.removal_begun_at is not None and (there.ready or there.failed)


def removal_begun(version_set: VersionSet, version: str, now: datetime) -> VersionSet:
    """Azure has taken on the removal of a fenced version. Safe to repeat."""
    row = version_set.versions.get(version)
    if row is None or not row.deleting or row.removal_begun_at:
        return version_set
    return version_set.changed(row.model_copy(update={"removal_begun_at": now}))


def removed(version_set: VersionSet, version: str, *, task: str, now: datetime, note: str = "") -> VersionSet:
    """The version is gone from the gallery. Safe to repeat; one that is not being removed is left as it is."""
    row = version_set.versions.get(version)
    if row is None or not row.deleting:
        return version_set
    done: dict[str, object] = {"task": task, "deleting": False, "unwanted": False, "note": note}
    if row.state is _V.BACKUP:
        return version_set.changed(with_state(row, _V.DELETED, ended_at=now, **done), last_task=task)
    return version_set.changed(row.model_copy(update=done), last_task=task)


def to_remove(version_set: VersionSet, retention: Retention, now: datetime) -> list[str]:
    """Versions that need not be kept, if nobody uses them, lowest first.

    Backups that nobody wanted to keep, and those both beyond the last `retention.backups` and older than
    `retention.days`; also whatever is being removed already.
    """
    backups = [row for row in version_set.versions.values() if row.state is _V.BACKUP and not row.deleting]
    unwanted = [row for row in backups if row.unwanted]
    by_age = sorted((row for row in backups if not row.unwanted), key=_retired, reverse=True)
    oldest = now - timedelta(days=retention.days)
    expired = [row for row in by_age[retention.backups :] if _retired(row)[0] < oldest]
    settled = [row.version for row in (*unwanted, *expired) if _retired(row)[0] + SETTLING <= now]
    begun = [row.version for row in version_set.versions.values() if row.deleting]
    return sorted({*settled, *begun}, key=version_key)


def _retired(row: ImageVersion) -> tuple[datetime, tuple[int, int, int]]:
    return row.retired_at or row.created_at, version_key(row.version)
