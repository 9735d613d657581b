"""Discarding a staged version, and removing one that was active: refused while it is in use.

1. Read who uses the version: refuse while anybody does.
2. Fence: mark its row, so that nobody may start to use it.
3. Read the users again: somebody may have started just before.
4. Delete the version from the gallery.
5. Record that it is gone.

After a crash the version stays fenced and retention resumes at step 3. Users of a version write their intent before
they read its row, so at least one of two concurrent parties sees the other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from shared.access.registrations import check_still_reached
from shared.api.images import VersionView
from shared.core.asking import About, asker, asking
from shared.core.codes import Code
from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureRefused, Conflict, NotFound, StaleRow
from shared.core.ids import newest_first_id
from shared.core.states import VERSION_FORMERLY_ACTIVE, PromotionState, VersionState
from shared.core.wording import VERSION_WORDS
from shared.images.change_records import shown, write_change_record
from shared.images.scopes import out_of_scope
from shared.images.usage import NOT_BEGUN, STOPPED, VersionUsage, read_usage, usage_text
from shared.models.access.roles import Reach
from shared.models.images import GalleryVersion, Image, ImageVersion
from shared.models.messages import message, sentence
from shared.models.withdrawals import RolloutsOfVersion, StoppedRollout
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.records.promotions import audit_promotion, ended
from shared.records.versions import change_versions, read_versions
from shared.rollouts.withdrawn import stop_rollouts
from shared.services import PROMOTIONS, Services
from shared.versions import removal_rules
from shared.versions.version_set import VersionSet

_log = logging.getLogger("freshcoat.images")

_REMOVABLE = VERSION_FORMERLY_ACTIVE | {VersionState.STAGED}


def remove_version(
    services: Services,
    engine: Engine,
    name: str,
    version: str,
    who: str,
    reach: Reach,
    how: RolloutsOfVersion = RolloutsOfVersion.STOP,
) -> tuple[VersionView, bool]:
    """Discard a staged version, or remove a backup; also answers whether it is still in the gallery.

    A discarded version that another tool published stays in the gallery, excluded from "latest". Rollouts that would
    bring hosts to a staged version and have not begun are stopped, as `how` says. A repeated request continues the
    removal. Raises NotFound, Conflict (the version is in use, is neither staged nor a backup, or Azure
    refuses to delete it), AzureError (nothing was changed).
    """
    image = _image_in_scope(services, name, reach)
    row = read_versions(services, name).versions.get(version)
    there = services.gallery.version(image.definition_id, version)
    if row is None or not (row.deleting or row.state in _REMOVABLE):
        raise _refusal(version, row, there)
    stopped: tuple[StoppedRollout, ...] = ()
    if not row.deleting:
        staged = row.state is VersionState.STAGED
        if users := read_usage(services).users_of(image, version, besides=NOT_BEGUN if staged else ()):
            raise Conflict(f"Version {version} is used by {usage_text(users)}. Update them to another version first.")
        if staged:
            stopped = _stop_rollouts(services, engine, row, how, who)
        row = _fence(services, row, who, in_gallery=there is not None)
    if row.deleting:
        try:
            row = remove_from_gallery(services, image, version, read_usage(services))
        except AzureError as error:
            _log.warning("Version %s of %s is not removed yet; retention will continue: %s", version, name, error)
        there = there if row.deleting else None
    if row.state in VERSION_FORMERLY_ACTIVE and not row.deleting:
        raise Conflict(f"Version {version} {row.note}.")
    view = shown(services, image, row, there)
    return view.model_copy(update={"stopped_rollouts": list(stopped)}), row.deleting


def _image_in_scope(services: Services, name: str, reach: Reach) -> Image:
    image = find_image(services, name)
    check_still_reached(reach, "image", image.owners)
    if problem := out_of_scope(services, image, image.definition_id):
        raise Conflict(sentence(problem))
    return image


def _stop_rollouts(
    services: Services, engine: Engine, row: ImageVersion, how: RolloutsOfVersion, who: str
) -> tuple[StoppedRollout, ...]:
    """Stop the rollouts that have not begun. One that somebody resumes checks the version before it begins."""
    reason = f"version {row.version} was discarded"
    return stop_rollouts(
        services, engine, row.image, row.version, how, who=who, reason=reason, chosen=lambda it: it.started_at is None
    )


def remove_from_gallery(services: Services, image: Image, version: str, uses: VersionUsage) -> ImageVersion:
    """Delete a fenced version from the gallery, unless `uses` shows a user; answers its row afterwards.

    `uses` was read after the fence. The fence of a backup is lifted only if its deletion cannot have started. Raises
    AzureBusy: the deletion may have started.
    """
    row = read_versions(services, image.name).versions[version]
    if not row.deleting:
        return row  # another worker was faster
    there = services.gallery.version(image.definition_id, version)
    if there is None:
        return _record_gone(services, row)
    if removal_rules.another_has_come(row, there):
        return _record_gone(services, row, removal_rules.WAS_REPLACED)
    if users := uses.users_of(image, version, besides=STOPPED if row.state is VersionState.DISCARDED else ()):
        return _keep(services, row, there, f"is kept because it is used by {usage_text(users)}")
    if problem := out_of_scope(services, image, image.definition_id):
        return _keep(services, row, there, f"is kept because {problem}")
    try:
        with asking(replace(asker(), about=About(image.owners, image=image.name))):
            operation = services.gallery.start_removal(image.definition_id, version)
    except AzureConflict:
        return row  # Azure is working on it, perhaps deleting it
    except AzureRefused as error:
        return _keep(services, row, there, f"is kept because Azure refused to delete it: {error}")
    return _record_gone(services, row) if operation.done else _begun(services, row)


def with_freed_numbers(services: Services, image: Image, version_set: VersionSet) -> VersionSet:
    """The versions of an image; those whose removal Azure has finished since are recorded as gone.

    So their numbers are free before retention comes. Raises AzureError.
    """
    gone = list(_gone(services, image, version_set))
    for row, note in gone:
        _record_gone(services, row, note)
    return read_versions(services, image.name) if gone else version_set


def foresee_freed_numbers(services: Services, image: Image, version_set: VersionSet) -> VersionSet:
    """The versions as `with_freed_numbers` would leave them; nothing is written. Raises AzureError."""
    now = services.now()
    for row, note in list(_gone(services, image, version_set)):
        version_set = removal_rules.removed(version_set, row.version, task=newest_first_id(now), now=now, note=note)
    return version_set


def _gone(services: Services, image: Image, version_set: VersionSet) -> Iterator[tuple[ImageVersion, str]]:
    """The versions whose removal Azure has finished, each with a note on it."""
    for row in version_set.versions.values():
        if row.deleting:
            there = services.gallery.version(image.definition_id, row.version)
            if there is None or removal_rules.another_has_come(row, there):
                yield row, removal_rules.WAS_REPLACED if there else ""


def _begun(services: Services, row: ImageVersion) -> ImageVersion:
    """Record that Azure accepted the deletion: from now on its number may belong to another version."""
    now = services.now()
    _, after = change_versions(
        services, row.image, lambda version_set: removal_rules.removal_begun(version_set, row.version, now)
    )
    return after.versions[row.version]


def _refusal(version: str, row: ImageVersion | None, there: GalleryVersion | None) -> Exception:
    """Why there is nothing to discard or remove, and what to do instead."""
    if row is None:
        if there is None:
            return NotFound("version", version)
        return Conflict(f"Version {version} is in the gallery but was never staged. Remove it there.")
    match row.state:
        case VersionState.ACTIVE:
            reason = f"Version {version} is active. Activate another version or roll the image back first."
        case VersionState.CAPTURING:
            reason = f"Version {version} is being created. Cancel task {row.task} instead."
            return Conflict(reason, task=row.task)
        case VersionState.DISCARDED:
            reason = f"Version {version} was discarded already; it {row.note or 'was removed from the gallery'}."
        case VersionState.FAILED:
            reason = f"Version {version} was never created, so there is nothing to remove."
        case _:
            reason = f"Version {version} {VERSION_WORDS[row.state]} already."
    return Conflict(reason)


def _fence(services: Services, row: ImageVersion, who: str, *, in_gallery: bool) -> ImageVersion:
    """Step 2: mark the version as discarded, or as being removed. Raises Conflict when it is neither now."""
    now, version = services.now(), row.version
    if row.state in VERSION_FORMERLY_ACTIVE:
        _, after = change_versions(
            services, row.image, lambda version_set: removal_rules.begin_removal(version_set, version, who=who, now=now)
        )
        return after.versions[version]
    write_change_record(services, row)  # its earlier change, in case that was interrupted
    task = newest_first_id(now)
    before, after = change_versions(
        services,
        row.image,
        lambda them: removal_rules.discard(them, version, task=task, now=now, who=who, in_gallery=in_gallery),
    )
    if before.state.promotion:
        _cancel_promotion(services, before.state.promotion, version, who)
    write_change_record(services, after.versions[version])
    return after.versions[version]


def _cancel_promotion(services: Services, promotion_id: str, version: str, who: str) -> None:
    """Cancel the version's promotion. It no longer holds the image, so its timer ends it if this write fails."""
    promotion = services.promotions.find(PROMOTIONS, promotion_id)
    if promotion is None or promotion.state is not PromotionState.SCHEDULED:
        return
    note = message(Code.VERSION_DISCARDED, f"Version {version} was discarded by {who}.")
    done = ended(promotion, PromotionState.CANCELLED, note)
    try:
        services.promotions.replace(done.model_copy(update={"ended_at": services.now()}))
    except (StaleRow, AzureBusy) as error:
        _log.warning("Promotion %s is left to its timer: %s", promotion_id, error)
        return
    audit_promotion(services, who, "cancel promotion", done, before=done.due_at)


def _keep(services: Services, row: ImageVersion, there: GalleryVersion, reason: str) -> ImageVersion:
    """Record why it is kept. While Azure works on it, its deletion may have started, so the fence stays."""
    _log.warning("Version %s of %s %s.", row.version, row.image, reason)
    if not there.ready:
        return row
    _, after = change_versions(
        services, row.image, lambda version_set: removal_rules.not_removed(version_set, row.version, reason)
    )
    return after.versions[row.version]


def _record_gone(services: Services, row: ImageVersion, note: str = "") -> ImageVersion:
    """Step 5: record that it is gone. Of several workers that find it gone, one writes the record."""
    write_change_record(services, row)  # its discard, in case that was interrupted
    task, now = newest_first_id(services.now()), services.now()
    _, after = change_versions(
        services,
        row.image,
        lambda version_set: removal_rules.removed(version_set, row.version, task=task, now=now, note=note),
    )
    gone = after.versions[row.version]
    if gone.task == task:
        write_change_record(services, gone)
    return gone
