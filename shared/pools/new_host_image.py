"""What a new or burst host of a pool is to be made from."""

from __future__ import annotations

from dataclasses import dataclass

from shared.api.pools import PoolImageView
from shared.core.arm_ids import version_id
from shared.core.errors import AzureError, AzureNotFound, Conflict
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.pools.settlement import with_outcome
from shared.records.images import find_image
from shared.records.pools import find_pool, running_rollout
from shared.records.versions import read_versions
from shared.services import Services
from shared.versions.for_new_hosts import Choice, Known, choose


def image_for_new_hosts(services: Services, name: str) -> PoolImageView:
    """What a new or burst host of the pool is to be made from: never a version that is only staged.

    Raises NotFound, Conflict when no version is known that may be given out, AzureError when the gallery would have
    to say and does not.
    """
    pool = find_pool(services, name)
    found = choose_for_new_hosts(services, pool, running_rollout(services, pool))
    choice = found.choice
    return PoolImageView(
        pool=name,
        image=choice.image,
        version=choice.version,
        version_id=version_id(found.image.definition_id, choice.version),
        reason=choice.reason,
    )


@dataclass(frozen=True)
class ForNewHosts:
    """What a new host is to be made from. `version` is None when the gallery could not be read."""

    choice: Choice
    image: Image
    version: GalleryVersion | None


def choose_for_new_hosts(services: Services, pool: Pool, rollout: Rollout | None) -> ForNewHosts:
    """What a new host of the pool is to be made from; `rollout` is the pool's one that is not ended.

    Raises as `image_for_new_hosts` does.
    """
    if rollout and rollout.rolling_back:
        pool = with_outcome(
            pool, rollout
        )  # told to go back a moment ago: what it leaves must not be given out any more
    images = {image: find_image(services, image) for image in (pool.image, *([rollout.image] if rollout else []))}
    known, unread = {}, None
    for image in images.values():
        known[image.name], error = _known(services, image)
        unread = unread or error
    choice = choose(pool, rollout, known)
    if choice is None:
        raise unread or Conflict("No version is known that a new host may have; publish one to this pool first.")
    return ForNewHosts(choice, images[choice.image], (known[choice.image].gallery or {}).get(choice.version))


def _known(services: Services, image: Image) -> tuple[Known, AzureError | None]:
    """The image's versions, and why the gallery could not be read. Raises AzureNotFound without the definition."""
    version_set = read_versions(services, image.name)
    try:
        versions = services.gallery.versions(image.definition_id)
    except AzureNotFound:
        raise
    except AzureError as error:
        return Known(version_set, None), error
    return Known(version_set, {version.version: version for version in versions}), None
