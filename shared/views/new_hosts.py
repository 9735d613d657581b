"""What new hosts of a pool get, as the pages of the pool and of its rollout show it: the answer of one rule for all."""

from __future__ import annotations

import logging

from shared.api.rollouts import NewHostsView
from shared.core.errors import AzureError, AzureNotFound, Conflict, NotFound
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.records.images import find_image
from shared.records.new_hosts import ImageVersions, choose_for_new_hosts
from shared.records.versions import read_versions
from shared.services import Services
from shared.versions.for_new_hosts import Known

log = logging.getLogger("freshcoat.views")

VERSIONS_FOR = 5.0
"""Seconds for which the recorded versions of an image are used as they were read, for all of its pools; twice as long
while they are read again. The same goes for the gallery's."""
GALLERY_FOR = 15.0
"""Seconds for which the versions of an image are shown as the gallery had them."""


def new_hosts_view(services: Services, pool: Pool, rollout: Rollout | None) -> NewHostsView | None:
    """The version for new hosts; None when none is known now, or Azure could not be read.

    Chosen anew each time, from rows of pool and rollout as they are and from the versions of a moment ago: the row of a
    rollout changes with each of its passes, and the gallery hardly ever.
    """
    try:
        choice = choose_for_new_hosts(services, pool, rollout, _image_lately).choice
    except (AzureError, Conflict, NotFound) as error:
        log.info("pool %s: the version for new hosts is not known now: %s", pool.name, error)
        return None
    return NewHostsView(image=choice.image, version=choice.version, reason=choice.reason)


def recent_gallery(services: Services, image: Image) -> list[GalleryVersion] | AzureError:
    """The versions of an image as the gallery had them a moment ago, or why it could not be read."""

    def read() -> list[GalleryVersion] | AzureError:
        try:
            return list(services.gallery.versions(image.definition_id))
        except AzureError as error:
            return error

    return services.read_cache.get(("gallery", image.definition_id), GALLERY_FOR, read, behind=True)


def _image_lately(services: Services, name: str) -> ImageVersions:
    """An image with its versions as they were a moment ago. Raises NotFound, AzureNotFound without definition."""

    def read() -> ImageVersions:
        image = find_image(services, name)
        version_set, there = read_versions(services, name), recent_gallery(services, image)
        if isinstance(there, AzureNotFound):
            raise there
        if isinstance(there, AzureError):
            return ImageVersions(image, Known(version_set, None), there)
        return ImageVersions(image, Known(version_set, {version.version: version for version in there}))

    return services.read_cache.get(("versions of image", name), VERSIONS_FOR, read, behind=True)
