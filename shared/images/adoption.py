"""Which version of a gallery is in use before any is recorded: what "latest" gives.

An image may be registered while its gallery is empty, or its versions may not be recorded for another reason. The one
in use is recorded before another takes its place: else nobody could go back to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureRefused, Conflict
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image
from shared.records.versions import change_versions, read_versions
from shared.services import Services
from shared.versions import lifecycle
from shared.versions.version_set import VersionSet


def adopted(services: Services, image: Image, who: str, *, besides: str | None = None) -> VersionSet:
    """The versions of an image; when none is recorded as active, the one in use is recorded first.

    `besides`: a version that is about to be staged, and is not the one in use therefore. Safe at once from several
    places. Raises Conflict when the gallery cannot be read or it cannot be said which version is in use, AzureBusy.
    """
    version_set = read_versions(services, image.name)
    if version_set.state.active is not None:
        return version_set
    try:
        versions = services.gallery.versions(image.definition_id)
    except AzureRefused as error:
        raise Conflict(f"Gallery: {describe_azure_error('image definition', error)}.") from error
    found = in_use(versions, version_set, besides=besides)
    if found is None:
        return version_set
    if not found.ready:
        raise Conflict(f"No version is recorded as active, and {being_made(found)} by registering the image again.")
    return change_versions(services, image.name, lambda now: adopt_once(now, found.version, services, who))[1]


def in_use(
    versions: Sequence[GalleryVersion], version_set: VersionSet, *, besides: str | None = None
) -> GalleryVersion | None:
    """The version that "latest" gives, of those that are not recorded; None when there is none.

    It may be not ready: Azure works on it, which may mean that it is new, and another one is in use.
    """
    let_in = [version for version in versions if not (version.exclude_from_latest or version.failed)]
    unknown = [found for found in let_in if found.version not in version_set.versions and found.version != besides]
    return max(unknown, key=lambda version: version_key(version.version), default=None)


def being_made(version: GalleryVersion) -> str:
    """Why it cannot be said that this version is the one in use, and what to do."""
    reason = version.detail or "it is being made"
    return f"version {version.version} is not ready: {reason}. Wait for it, or name the version that is in use"


def adopt_once(version_set: VersionSet, version: str, services: Services, who: str) -> VersionSet:
    """The version as the active one, unless there is one."""
    return (
        lifecycle.adopt(version_set, version, services.now(), who) if version_set.state.active is None else version_set
    )
