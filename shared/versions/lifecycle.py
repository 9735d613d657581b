"""What may happen to the versions of an image, as pure functions from one family of rows to the next.

Each raises Conflict when it does not fit; the text says what to do instead. How versions leave an image again is in
`leaving`. Writing the outcome is `family`'s work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.core.errors import Conflict
from shared.core.states import VersionState, move_version
from shared.core.wording import VERSION_WORDS
from shared.models.base import version_key
from shared.models.images import ImageVersion, Notes, Source, Verdict
from shared.versions.version_set import Family, known, moved

_V = VersionState
_NOT_OURS = frozenset({_V.FAILED, _V.DELETED})


def adopt(family: Family, version: str, now: datetime, who: str) -> Family:
    """Take a version of the gallery as the active one, when none is recorded. Safe to repeat.

    Nothing is activated by that: it was in use before, so pools are not to follow it.
    """
    if family.state.active == version:
        return family
    if family.state.active or version in family.versions:
        raise Conflict(f"Versions of this image are recorded already: stage {version} and activate it.")
    row = ImageVersion(
        image=family.state.image,
        version=version,
        state=_V.ACTIVE,
        source=Source.GALLERY,
        created_by=who,
        created_at=now,
        activated_at=now,
    )
    return family.changed(row, active=version)


def begin_capture(
    family: Family, version: str, *, task: str, now: datetime, who: str, notes: Notes, backup: bool
) -> Family:
    """Hold the image for a set-as-image. Safe to repeat by the same task."""
    if family.state.capture == task:
        return family
    _refuse_capture(family)
    _refuse_staged(family)
    _refuse_older(family, version)
    about = {"task": task, "made_by_task": task, "notes": notes, "created_by": who, "created_at": now}
    about |= {"backup_wanted": backup}
    return family.changed(_new(family, version, _V.CAPTURING, Source.CAPTURE, about), capture=task, last_task=task)


def captured(family: Family, task: str, now: datetime) -> Family:
    """The version is in the gallery: it is staged, and the image is free again. Safe to repeat."""
    if family.state.capture != task:
        return family
    row = _made_by(family, task)
    return family.changed(moved(row, _V.STAGED, staged_at=now), staged=row.version, capture="")


def not_captured(family: Family, task: str, now: datetime, why: str) -> Family:
    """The version never came to be: the image is free again. Safe to repeat."""
    if family.state.capture != task:
        return family
    row = _made_by(family, task)
    return family.changed(moved(row, _V.FAILED, ended_at=now, note=why), capture="")


def stage(family: Family, version: str, *, task: str, now: datetime, who: str, notes: Notes) -> Family:
    """A version that is in the gallery already becomes the staged one. It must be newer than the active one.

    Safe to repeat by the same task.
    """
    if family.state.staged == version:
        if family.versions[version].task == task:
            return family
        raise Conflict(f"Version {version} is staged already.")
    if version == family.state.active:
        raise Conflict(f"Version {version} is the active one.")
    _refuse_staged(family)
    _refuse_capture(family)
    _refuse_older(family, version)
    about = {"task": task, "notes": notes, "created_by": who, "created_at": now, "staged_at": now}
    return family.changed(_new(family, version, _V.STAGED, Source.GALLERY, about), staged=version, last_task=task)


def judge(family: Family, version: str, verdict: Verdict, *, task: str) -> Family:
    """Record what came of testing a staged version. Safe to repeat by the same task."""
    row = known(family, version)
    if row.task == task:
        return family
    if row.state is not _V.STAGED:
        raise Conflict(f"Version {version} {VERSION_WORDS[row.state]}: a verdict is given on a staged one.")
    return family.changed(row.model_copy(update={"verdict": verdict, "task": task}), last_task=task)


def activate(
    family: Family,
    version: str | None,
    *,
    task: str,
    now: datetime,
    backup: bool | None,
    force: bool,
    waiting_pools: Iterable[str] = (),
) -> Family:
    """The staged version becomes the active one, and the active one a backup. Safe to repeat by the same task.

    `version` None: the one that is staged. `backup` None: as the staged version was asked for.
    """
    if family.state.activation == task:
        return family
    name = family.state.staged if version is None else version
    if name is None:
        if making := family.state.capture:
            raise Conflict(f"No version is staged yet: task {making} is making one, wait for its end.", task=making)
        raise Conflict("No version of this image is staged: set it as image, or stage one of its gallery.")
    row = known(family, name)
    if row.state is not _V.STAGED:
        raise Conflict(f"Version {name} {VERSION_WORDS[row.state]}: only a staged version can be activated.")
    if row.verdict and row.verdict.result == "failed" and not force:
        raise Conflict(f"Version {name} has failed its test. Send force: true to activate it all the same.")
    _refuse_older(family, name)  # it was newer when it was staged; the image may have been rolled back to another since
    keep = row.backup_wanted if backup is None else backup
    return _switched(family, row, task=task, now=now, keep=keep, waiting_pools=waiting_pools)


def roll_back(
    family: Family,
    version: str | None,
    *,
    task: str,
    now: datetime,
) -> Family:
    """A backup becomes the active version again, and the active one a backup. Safe to repeat by the same task.

    `version` None: the highest backup that is lower than the active version. No pool waits for it: the version has
    proved itself before, and new hosts must not get the one that is rolled back.
    """
    if family.state.activation == task:
        return family
    name = backup_to_take(family) if version is None else version
    backups = ", ".join(backup.version for backup in family.backups)
    if name is None:
        if backups:
            raise Conflict(f"No backup is lower than the active version. To go to another one, name it: {backups}.")
        raise Conflict("This image has no backup to go back to.")
    if name not in family.versions:
        raise Conflict(f"Version {name} is not known here. The backups are: {backups or 'none'}.")
    row = known(family, name)
    if row.state is not _V.BACKUP:
        raise Conflict(f"Version {name} {VERSION_WORDS[row.state]}: only a backup can be rolled back to.")
    if row.deleting:
        raise Conflict(f"Version {name} is being removed.")
    return _switched(family, row, task=task, now=now, keep=True, waiting_pools=())


def backup_to_take(family: Family) -> str | None:
    """The backup that a roll-back takes when none is named."""
    active = family.state.active
    lower = [b.version for b in family.backups if active is None or version_key(b.version) < version_key(active)]
    return lower[0] if lower else None


def flags(family: Family, gallery: Mapping[str, bool]) -> list[tuple[str, bool]]:
    """Which versions' excludeFromLatest has to change, in order, given how it stands in the gallery.

    The active version is let in first and the others are left out after it: so at no moment, whatever dies in
    between, is there no "latest". Versions Freshcoat has had nothing to do with are left as they are; so is one that
    has come to the gallery under the number of a version of ours that is gone.
    """
    active = family.state.active
    inside = [(active, False)] if active and gallery.get(active) is True else []
    others = (version for version, row in family.versions.items() if row.state not in _NOT_OURS and version != active)
    left_out = sorted((version for version in others if gallery.get(version) is False), key=version_key)
    return [*inside, *((version, True) for version in left_out)]


def _switched(
    family: Family, row: ImageVersion, *, task: str, now: datetime, keep: bool, waiting_pools: Iterable[str]
) -> Family:
    changed = [moved(row, _V.ACTIVE, activated_at=now, task=task, retired_at=None, unwanted=False, note="")]
    if family.state.active:
        old = known(family, family.state.active)
        changed.append(moved(old, _V.BACKUP, retired_at=now, task=task, unwanted=not keep))
    staged = None if family.state.staged == row.version else family.state.staged
    return family.changed(
        *changed,
        active=row.version,
        staged=staged,
        activation=task,
        activated_at=now,
        waiting_pools=tuple(waiting_pools),
        promotion="" if staged is None else family.state.promotion,
        last_task=task,
    )


def _made_by(family: Family, task: str) -> ImageVersion:
    return next(v for v in family.versions.values() if v.task == task and v.state is _V.CAPTURING)


def _new(family: Family, version: str, state: VersionState, source: Source, about: Mapping[str, Any]) -> ImageVersion:
    """A version that begins here, written over the one that had its number before, if there was one."""
    old = family.versions.get(version)
    if old and old.deleting:
        raise Conflict(f"Version {version} is being removed: wait until it is gone, or choose another number.")
    if old and old.state is _V.BACKUP:
        raise Conflict(f"Version {version} is a backup: roll the image back to it.")
    begun = move_version(version, old.state, state) if old else state
    etag = old.etag if old else None
    return ImageVersion(image=family.state.image, version=version, state=begun, source=source, etag=etag, **about)


def _refuse_staged(family: Family) -> None:
    if family.state.staged:
        raise Conflict(f"Version {family.state.staged} is staged: activate or discard it first.")


def _refuse_older(family: Family, version: str) -> None:
    active = family.state.active
    if active and version_key(version) <= version_key(active):
        raise Conflict(f"Version {version} is not newer than the active {active}. To go back, roll the image back.")


def _refuse_capture(family: Family) -> None:
    if family.state.capture:
        task = family.state.capture
        raise Conflict(f"The image is being set by task {task}: wait for its end or cancel it.", task=task)
