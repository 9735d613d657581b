"""Finds the image version from which a new or burst host of a pool is created."""

from __future__ import annotations

from collections.abc import Callable
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


@dataclass(frozen=True)
class ImageVersions:
    """An image with its versions, and why the gallery could not be read."""

    image: Image
    known: Known
    gallery_error: AzureError | None = None


def choose_for_new_hosts(
    services: Services,
    pool: Pool,
    rollout: Rollout | None,
    read: Callable[[Services, str], ImageVersions] | None = None,
) -> VersionForNewHosts:
    """The image version for a new host of the pool; `rollout` is the pool's open rollout, if any.

    `read`: reads an image by its name, if it is not to be read as it is now. Raises NotFound, Conflict when no suitable
    version is known, AzureError when the choice needs the gallery and the gallery cannot be read.
    """
    if rollout and rollout.rolling_back:
        # The roll-back may have started a moment ago: new hosts must no longer get the version that it leaves.
        pool = with_outcome(pool, rollout)
    names = dict.fromkeys((pool.image, *([rollout.image] if rollout else [])))
    images = {name: (read or read_image_versions)(services, name) for name in names}
    choice = choose(pool, rollout, {name: found.known for name, found in images.items()})
    if choice is None:
        errors = (found.gallery_error for found in images.values() if found.gallery_error)
        text = "No version for new hosts is known. Publish a version to this pool first."
        raise next(errors, None) or Conflict(text)
    chosen = images[choice.image]
    return VersionForNewHosts(choice, chosen.image, (chosen.known.gallery or {}).get(choice.version))


def read_image_versions(services: Services, name: str) -> ImageVersions:
    """An image with its versions as they are now. Raises NotFound, AzureNotFound without image definition."""
    image = find_image(services, name)
    return ImageVersions(image, *read_known_versions(services, image))


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
