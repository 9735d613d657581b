"""Recording the version that was in use before Freshcoat knew the image: the one that "latest" gives.

An image may be registered while its gallery is empty, or its versions may have no rows for another reason. The version
in use gets its row before another version replaces it: otherwise nobody could roll back to it.
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
    """The versions of an image; when none is active, the version in use is recorded as active first.

    `besides`: a version that is about to be staged, so it is not the one in use. Safe to run several times at once.
    Raises Conflict when the gallery cannot be read or the version in use cannot be determined, AzureBusy.
    """
    version_set = read_versions(services, image.name)
    found = _to_adopt(services, image, version_set, besides=besides)
    if found is None:
        return version_set
    return change_versions(services, image.name, lambda now: adopt_once(now, found, services, who))[1]


def foreseen(services: Services, image: Image, who: str) -> VersionSet:
    """The versions of an image as `adopted` would leave them; nothing is written. Raises likewise."""
    version_set = read_versions(services, image.name)
    found = _to_adopt(services, image, version_set)
    return adopt_once(version_set, found, services, who) if found else version_set


def _to_adopt(services: Services, image: Image, version_set: VersionSet, *, besides: str | None = None) -> str | None:
    """The version in use that has no record; None when there is none, or a version is active. Raises as `adopted`."""
    if version_set.state.active is not None:
        return None
    try:
        versions = services.gallery.versions(image.definition_id)
    except AzureRefused as error:
        raise Conflict(f"Gallery: {describe_azure_error('image definition', error)}.") from error
    found = in_use(versions, version_set, besides=besides)
    if found is None:
        return None
    if not found.ready:
        raise Conflict(f"This image has no active version yet, and {being_made(found)} by registering the image again.")
    return found.version


def in_use(
    versions: Sequence[GalleryVersion], version_set: VersionSet, *, besides: str | None = None
) -> GalleryVersion | None:
    """The version that "latest" gives, among versions without a row; None when there is none.

    It may not be ready: Azure is still working on it. It may then be new, while another version is in use.
    """
    let_in = [version for version in versions if not (version.exclude_from_latest or version.failed)]
    unknown = [found for found in let_in if found.version not in version_set.versions and found.version != besides]
    return max(unknown, key=lambda version: version_key(version.version), default=None)


def being_made(version: GalleryVersion) -> str:
    """Why this version may not be the one in use, and what to do."""
    reason = version.detail or "it is being created"
    return f"version {version.version} is not ready: {reason}. Wait for it, or name the version that is in use"


def adopt_once(version_set: VersionSet, version: str, services: Services, who: str) -> VersionSet:
    """Record the version as active, unless another version is."""
    return (
        lifecycle.adopt(version_set, version, services.now(), who) if version_set.state.active is None else version_set
    )
