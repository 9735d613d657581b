"""Staging a version that is already in the gallery, and recording the result of a version's test."""

from __future__ import annotations

from shared.access.registrations import check_still_reached
from shared.api.images import StageRequest, VerdictRequest, VersionView
from shared.core.errors import AzureConflict, Conflict, InvalidRequest
from shared.core.ids import newest_first_id
from shared.images.adoption import adopted
from shared.images.change_records import shown, write_change_record, write_change_records
from shared.images.removal import with_freed_numbers
from shared.images.replication import missing_regions, missing_text
from shared.models.access.roles import Reach
from shared.models.images import GalleryVersion, Image, Verdict
from shared.ports.engine import Engine
from shared.records.images import find_image
from shared.records.versions import change_versions, read_versions
from shared.rollouts.withdrawn import stop_rollouts
from shared.services import Services
from shared.versions import lifecycle
from shared.versions.advice import advice_of
from shared.versions.version_set import VersionSet


def stage_version(services: Services, name: str, asked: StageRequest, who: str, reach: Reach) -> VersionView:
    """Stage a version of the image's gallery.

    It is excluded from "latest" before its row is written: after a crash in between, nobody uses the version. Azure may
    still be working on that when this returns; if it fails there, retention corrects the flag. Raises NotFound,
    InvalidRequest (not in the gallery, or not replicated to the pools' regions), Conflict, AzureError.
    """
    image = find_image(services, name)
    check_still_reached(reach, "image", image.owners)
    task = newest_first_id(services.now())

    def staged(version_set: VersionSet) -> VersionSet:
        now = services.now()
        return lifecycle.stage(version_set, asked.version, task=task, now=now, who=who, notes=asked.notes)

    recorded = with_freed_numbers(services, image, read_versions(services, name))
    staged(recorded)  # may refuse, before the flag of an active version is changed
    found = _find_ready(services, image, asked.version)
    _check_regions(services, image, found)
    now = adopted(services, image, who, besides=asked.version)
    staged(now)  # check again: the version just recorded as active may be newer
    write_change_records(services, now, asked.version)
    _leave_out(services, image, found)
    _, after = change_versions(services, name, staged)
    row = after.versions[asked.version]
    write_change_record(services, row)
    return shown(services, image, row, found.model_copy(update={"exclude_from_latest": True, "regions_differ": False}))


def _find_ready(services: Services, image: Image, version: str) -> GalleryVersion:
    found = services.gallery.version(image.definition_id, version)
    if found is None:
        raise InvalidRequest.one("version", f"the gallery of image {image.name} has no version {version}")
    if found.failed:
        raise InvalidRequest.one("version", f"Azure failed to create version {version}: {found.detail}")
    if not found.ready:
        reason = found.detail or "it is still being made"
        raise InvalidRequest.one("version", f"version {version} is not ready: {reason}; wait until it is replicated")
    return found


def _check_regions(services: Services, image: Image, version: GalleryVersion) -> None:
    """Raises InvalidRequest naming the regions of the image's pools in which the version is missing."""
    if missing := missing_regions(services, image, version):
        text = missing_text(missing)
        raise InvalidRequest.one("version", f"version {version.version} is not in {text}. Replicate it there first")


def _leave_out(services: Services, image: Image, version: GalleryVersion) -> None:
    if version.latest_flag is True:
        return
    try:
        services.gallery.start_exclude(image.definition_id, version.version, excluded=True)
    except AzureConflict as error:
        raise Conflict(
            f"Azure is working on version {version.version}. Try again in a few minutes. ({error})"
        ) from error


def give_verdict(
    services: Services, engine: Engine, name: str, version: str, asked: VerdictRequest, who: str, reach: Reach
) -> VersionView:
    """Record the test result of a version; a later verdict replaces an earlier one. `failed` stops its rollouts.

    Of the active version, a failed one answers with the roll-back as advice. Raises NotFound, Conflict when the version
    is neither staged nor active nor was it active, AzureError.
    """
    image = find_image(services, name)
    check_still_reached(reach, "image", image.owners)
    there = services.gallery.version(image.definition_id, version)
    now = services.now()
    task = newest_first_id(now)
    verdict = Verdict(result=asked.result, note=asked.note, by=who, at=now)
    before, after = change_versions(
        services, name, lambda version_set: lifecycle.record_verdict(version_set, version, verdict, task=task)
    )
    old, row = before.versions[version], after.versions[version]
    write_change_record(services, old)  # the staging, in case that was interrupted
    write_change_record(services, row, before=old.verdict.result if old.verdict else "")
    view = shown(services, image, row, there).model_copy(update={"advice": advice_of(after, version)})
    if asked.result != "failed":
        return view
    reason = f"version {version} failed its test"
    what_to_do = "Resume this rollout to go on all the same, roll it back or cancel it."
    stopped = stop_rollouts(
        services, engine, name, version, asked.rollouts, who=who, reason=reason, what_to_do=what_to_do
    )
    return view.model_copy(update={"stopped_rollouts": list(stopped)})
