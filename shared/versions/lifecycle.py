"""Changes of an image's versions, as pure functions from one version set to the next.

Each raises Conflict when the change is not allowed; the text says what to do instead. Removal is in `removal_rules`.
`records.versions` writes the outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.core.errors import Conflict
from shared.core.states import VERSION_FORMERLY_ACTIVE, VersionState, transition_version
from shared.core.wording import VERSION_WORDS
from shared.models.base import version_key
from shared.models.images import ImageVersion, Notes, Source, Verdict
from shared.versions.version_set import VersionSet, known, with_state

_V = VersionState
_NOT_OURS = frozenset({_V.FAILED, _V.DELETED})
_JUDGED = frozenset({_V.STAGED, _V.ACTIVE}) | VERSION_FORMERLY_ACTIVE
"""States of a version that can get a verdict: it is in the gallery, and somebody has used it or may do so."""


def adopt(version_set: VersionSet, version: str, now: datetime, who: str) -> VersionSet:
    """Record a gallery version as the active one, when no version has a row. Safe to repeat.

    This is no activation: the version was in use before, so pools need not follow it.
    """
    if version_set.state.active == version:
        return version_set
    if version_set.state.active or version in version_set.versions:
        raise Conflict(f"This image already has versions. Stage {version}, then activate it.")
    row = ImageVersion(
        image=version_set.state.image,
        version=version,
        state=_V.ACTIVE,
        source=Source.GALLERY,
        created_by=who,
        created_at=now,
        activated_at=now,
    )
    return version_set.changed(row, active=version)


def begin_capture(
    version_set: VersionSet, version: str, *, task: str, now: datetime, who: str, notes: Notes, backup: bool
) -> VersionSet:
    """Reserve the image for a set-as-image task. Safe to repeat by the same task."""
    if version_set.state.capture == task:
        return version_set
    _refuse_capture(version_set)
    _refuse_staged(version_set)
    _refuse_older(version_set, version)
    about = {"task": task, "made_by_task": task, "notes": notes, "created_by": who, "created_at": now}
    about |= {"backup_wanted": backup}
    return version_set.changed(
        _new(version_set, version, _V.CAPTURING, Source.CAPTURE, about), capture=task, last_task=task
    )


def captured(version_set: VersionSet, task: str, now: datetime) -> VersionSet:
    """The version is in the gallery: mark it staged and release the image. Safe to repeat."""
    if version_set.state.capture != task:
        return version_set
    row = _made_by(version_set, task)
    return version_set.changed(with_state(row, _V.STAGED, staged_at=now), staged=row.version, capture="")


def not_captured(version_set: VersionSet, task: str, now: datetime, reason: str) -> VersionSet:
    """The version was never created: mark it failed and release the image. Safe to repeat."""
    if version_set.state.capture != task:
        return version_set
    row = _made_by(version_set, task)
    return version_set.changed(with_state(row, _V.FAILED, ended_at=now, note=reason), capture="")


def stage(version_set: VersionSet, version: str, *, task: str, now: datetime, who: str, notes: Notes) -> VersionSet:
    """Stage a version that is already in the gallery. It must be newer than the active version.

    Safe to repeat by the same task.
    """
    if version_set.state.staged == version:
        if version_set.versions[version].task == task:
            return version_set
        raise Conflict(f"Version {version} is staged already.")
    if version == version_set.state.active:
        raise Conflict(f"Version {version} is the active one.")
    _refuse_staged(version_set)
    _refuse_capture(version_set)
    _refuse_older(version_set, version)
    about = {"task": task, "notes": notes, "created_by": who, "created_at": now, "staged_at": now}
    return version_set.changed(
        _new(version_set, version, _V.STAGED, Source.GALLERY, about), staged=version, last_task=task
    )


def record_verdict(version_set: VersionSet, version: str, verdict: Verdict, *, task: str) -> VersionSet:
    """Record the test result of a version that is staged, active, or was active. Safe to repeat by the same task."""
    row = known(version_set, version)
    if row.task == task:
        return version_set
    if row.state not in _JUDGED:
        text = f"Version {version} {VERSION_WORDS[row.state]}: there is nothing to give a verdict on."
        raise Conflict(text)
    judged = row.model_copy(update={"verdict": verdict, "verdict_task": task, "task": task})
    return version_set.changed(judged, last_task=task)


def activate(
    version_set: VersionSet,
    version: str | None,
    *,
    task: str,
    now: datetime,
    backup: bool | None,
    force: bool,
    waiting_pools: Iterable[str] = (),
) -> VersionSet:
    """The staged version becomes the active one, and the active one a backup, or `replaced` when no backup is kept.

    `version` None: the one that is staged. `backup` None: as the staged version was asked for. Safe to repeat by the
    same task.
    """
    if version_set.state.activation == task:
        return version_set
    name = version_set.state.staged if version is None else version
    if name is None:
        if making := version_set.state.capture:
            raise Conflict(f"No version is staged yet: task {making} is making one, wait for its end.", task=making)
        raise Conflict("No version of this image is staged: set it as image, or stage one of its gallery.")
    row = known(version_set, name)
    if row.state is not _V.STAGED:
        raise Conflict(f"Version {name} {VERSION_WORDS[row.state]}: only a staged version can be activated.")
    if failed_its_test(row) and not force:
        raise Conflict(f"Version {name} has failed its test. Send force: true to activate it all the same.")
    _refuse_older(
        version_set, name
    )  # it was newer when it was staged; the image may have been rolled back to another since
    keep = row.backup_wanted if backup is None else backup
    return _switched(version_set, row, task=task, now=now, keep=keep, waiting_pools=waiting_pools)


def roll_back(
    version_set: VersionSet,
    version: str | None,
    *,
    task: str,
    now: datetime,
    force: bool = False,
) -> VersionSet:
    """A backup becomes the active version again, and the active one a backup. Safe to repeat by the same task.

    `version` None: the one that `backup_to_take` chooses. No pool waits for it: the version has proved itself before,
    and new hosts must not get the one that is rolled back. `force`: also to a version that failed its test.
    """
    if version_set.state.activation == task:
        return version_set
    name = backup_to_take(version_set, force=force) if version is None else version
    if name is None:
        raise Conflict(_why_no_backup(version_set))
    if name not in version_set.versions:
        backups = ", ".join(backup.version for backup in version_set.backups)
        raise Conflict(f"Version {name} is not known here. The backups are: {backups or 'none'}.")
    row = known(version_set, name)
    if row.state not in VERSION_FORMERLY_ACTIVE:
        raise Conflict(f"Version {name} {VERSION_WORDS[row.state]}: only a backup can be rolled back to.")
    if row.deleting:
        raise Conflict(f"Version {name} is being removed.")
    if failed_its_test(row) and not force:
        raise Conflict(f"Version {name} has failed its test. Send force: true to roll back to it all the same.")
    return _switched(version_set, row, task=task, now=now, keep=True, waiting_pools=())


def failed_its_test(row: ImageVersion) -> bool:
    """Whether the last verdict on the version is `failed`."""
    return row.verdict is not None and row.verdict.result == "failed"


def backup_to_take(version_set: VersionSet, *, force: bool = False) -> str | None:
    """The backup that a roll-back takes when none is named: the last one that was active.

    Versions that the image was rolled back from are left out, and without `force` those that failed their test. So are
    versions above the active one: an earlier roll-back has passed over them.
    """
    active = version_set.state.active
    candidates = [
        row
        for row in version_set.backups
        if not row.rolled_back
        and (force or not failed_its_test(row))
        and (active is None or version_key(row.version) < version_key(active))
    ]
    last = max(candidates, key=lambda row: (row.retired_at or row.created_at, version_key(row.version)), default=None)
    return last.version if last else None


def _why_no_backup(version_set: VersionSet) -> str:
    """Why no backup can be chosen for a roll-back, and what to send instead."""
    if forced := backup_to_take(version_set, force=True):
        return f"Version {forced} has failed its test. Send force: true to roll back to it all the same."
    if backups := ", ".join(backup.version for backup in version_set.backups):
        return f"The image was rolled back from its other versions. To go to one of them, name it: {backups}."
    return "This image has no backup to go back to."


def flags(version_set: VersionSet, gallery: Mapping[str, bool | None]) -> list[tuple[str, bool]]:
    """Which versions' excludeFromLatest has to change, in order, given how it stands in the gallery; None there: it
    differs between regions.

    The active version is let in first and the others are left out after it: so at no moment, whatever dies in
    between, is there no "latest". Versions Freshcoat has had nothing to do with are left as they are; so is one that
    has come to the gallery under the number of a version of ours that is gone.
    """
    active = version_set.state.active
    inside = [(active, False)] if active and gallery.get(active, False) is not False else []
    others = (
        version for version, row in version_set.versions.items() if row.state not in _NOT_OURS and version != active
    )
    left_out = sorted((version for version in others if gallery.get(version, True) is not True), key=version_key)
    return [*inside, *((version, True) for version in left_out)]


def _switched(
    version_set: VersionSet, row: ImageVersion, *, task: str, now: datetime, keep: bool, waiting_pools: Iterable[str]
) -> VersionSet:
    changed = [with_state(row, _V.ACTIVE, activated_at=now, task=task, retired_at=None, rolled_back=False, note="")]
    if version_set.state.active:
        old = known(version_set, version_set.state.active)
        becomes = _V.BACKUP if keep else _V.REPLACED
        rolled_back = version_key(row.version) < version_key(old.version)
        changed.append(with_state(old, becomes, retired_at=now, task=task, rolled_back=rolled_back))
    staged = None if version_set.state.staged == row.version else version_set.state.staged
    return version_set.changed(
        *changed,
        active=row.version,
        staged=staged,
        activation=task,
        activated_at=now,
        waiting_pools=tuple(waiting_pools),
        promotion="" if staged is None else version_set.state.promotion,
        last_task=task,
    )


def _made_by(version_set: VersionSet, task: str) -> ImageVersion:
    return next(v for v in version_set.versions.values() if v.task == task and v.state is _V.CAPTURING)


def _new(
    version_set: VersionSet, version: str, state: VersionState, source: Source, about: Mapping[str, Any]
) -> ImageVersion:
    """The row of a new version, written over the earlier version with the same number, if there was one."""
    old = version_set.versions.get(version)
    if old and old.deleting:
        raise Conflict(f"Version {version} is being removed: wait until it is gone, or choose another number.")
    if old and old.state in VERSION_FORMERLY_ACTIVE:
        raise Conflict(f"Version {version} {VERSION_WORDS[old.state]}. Roll the image back to it instead.")
    begun = transition_version(version, old.state, state) if old else state
    made = ImageVersion(image=version_set.state.image, version=version, state=begun, source=source, **about)
    return made.written_over(old)


def _refuse_staged(version_set: VersionSet) -> None:
    if version_set.state.staged:
        raise Conflict(f"Version {version_set.state.staged} is staged. Activate or discard it first.")


def _refuse_older(version_set: VersionSet, version: str) -> None:
    active = version_set.state.active
    if active and version_key(version) <= version_key(active):
        raise Conflict(
            f"Version {version} is not newer than the active {active}. To use an older version, roll the image back."
        )


def _refuse_capture(version_set: VersionSet) -> None:
    if version_set.state.capture:
        task = version_set.state.capture
        raise Conflict(f"The image is being set by task {task}: wait for its end or cancel it.", task=task)
