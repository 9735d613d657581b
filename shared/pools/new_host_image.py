"""Chooses the image version from which a new or burst host of a pool is created."""

from __future__ import annotations

from shared.api.pools import PoolImageView
from shared.core.arm_ids import version_id
from shared.records.new_hosts import choose_for_new_hosts
from shared.records.pools import find_pool, running_rollout
from shared.services import Services


def image_for_new_hosts(services: Services, name: str) -> PoolImageView:
    """The image version for a new or burst host of the pool; never a version that is only staged.

    Raises NotFound, Conflict when no suitable version is known, AzureError when the choice needs the gallery and the
    gallery cannot be read.
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
