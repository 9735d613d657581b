"""Whether a version is replicated to the regions of the hosts that would be created from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError, AzureRefused, InvalidRequest
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool
from shared.records.session_hosts import SeenHost, regions_of, see_pools
from shared.records.unreadable_pools import is_gone
from shared.services import POOLS, Services


def missing_regions(
    services: Services, image: Image, version: GalleryVersion, *, pass_unread: bool = False
) -> dict[str, list[str]]:
    """The regions in which the version is missing and pools of the image have hosts, with those pools.

    A pool whose regions cannot be read is skipped with `pass_unread`; otherwise InvalidRequest names field `version`.
    Raises AzureBusy.
    """
    missing: dict[str, list[str]] = defaultdict(list)
    for pool, regions in regions_by_pool(services, image, pass_unread=pass_unread).items():
        for region in version.missing_in(regions):
            missing[region].append(pool)
    return dict(sorted(missing.items()))


def regions_by_pool(services: Services, image: Image, *, pass_unread: bool) -> dict[str, frozenset[str]]:
    """The regions of the hosts of each pool of the image; raises as `missing_regions` does."""
    pools = [pool for pool in services.pools.all(POOLS) if pool.image == image.name]
    seen, found = see_pools(services, pools), {}
    for pool in pools:
        try:
            found[pool.name] = _regions(services, pool, seen[pool.name])
        except InvalidRequest:
            if not (pass_unread or is_gone(services, pool)):
                raise
    return found


def missing_text(missing: dict[str, list[str]]) -> str:
    """The regions and their pools, for people."""
    return "; ".join(f"{region}, where {', '.join(names)} is" for region, names in missing.items())


def _regions(services: Services, pool: Pool, hosts: Sequence[SeenHost] | AzureError) -> frozenset[str]:
    try:
        if isinstance(hosts, AzureError):
            raise hosts
        return regions_of(hosts, lambda: services.host_pools.host_pool(pool.host_pool_id))
    except AzureRefused as error:
        reason = describe_azure_error("host pool", error)
        text = f"the regions of pool {pool.name}, which uses this image, could not be read: {reason}"
        raise InvalidRequest.one("version", f"{text}. Fix that, or unregister the pool") from error
