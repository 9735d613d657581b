"""Finds the image version from which a new or burst host of a pool is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.errors import AzureError, AzureNotFound, Conflict
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.records.images import find_image
from shared.records.versions import read_versions
from shared.services import Services
from shared.versions.for_new_hosts import Choice, Known, choose
from shared.versions.outcome import with_outcome


@dataclass(frozen=True)
class VersionForNewHosts:
    """The image version chosen for new hosts. `version` is None when the gallery could not be read."""

    choice: Choice
    image: Image
    version: GalleryVersion | None


def choose_for_new_hosts(
    services: Services, pool: Pool, rollout: Rollout | None, versions: Mapping[str, Known] | None = None
) -> VersionForNewHosts:
    """The image version for a new host of the pool; `rollout` is the pool's open rollout, if any.

    `versions`: those of some images, instead of reading them. Raises NotFound, Conflict when no suitable version is
    known, AzureError when the choice needs the gallery and the gallery cannot be read.
    """
    if rollout and rollout.rolling_back:
        # The roll-back may have started a moment ago: new hosts must no longer get the version that it leaves.
        pool = with_outcome(pool, rollout)
    images = {image: find_image(services, image) for image in (pool.image, *([rollout.image] if rollout else []))}
    known, gallery_error = dict(versions or {}), None
    for image in images.values():
        if image.name in known:
            continue
        known[image.name], error = read_known_versions(services, image)
        gallery_error = gallery_error or error
    choice = choose(pool, rollout, known)
    if choice is None:
        raise gallery_error or Conflict("No version for new hosts is known. Publish a version to this pool first.")
    return VersionForNewHosts(choice, images[choice.image], (known[choice.image].gallery or {}).get(choice.version))


def read_known_versions(services: Services, image: Image) -> tuple[Known, AzureError | None]:
    """The image's versions, and the error if the gallery could not be read. Raises AzureNotFound without definition."""
    version_set = read_versions(services, image.name)
    try:
        versions = services.gallery.versions(image.definition_id)
    except AzureNotFound:
        raise
    except AzureError as error:
        return Known(version_set, None), error
    return Known(version_set, {version.version: version for version in versions}), None
