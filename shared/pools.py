"""Pools: reading them, and what a new host is to be made from. Registering one is in `pool_registration`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.api.common import Listed
from shared.api.pools import Freshness, PoolImageView, PoolView
from shared.core.arm_ids import refusal, version_id
from shared.core.errors import AzureError, AzureNotFound, Conflict, NotFound
from shared.images import find_image
from shared.imaging.family import read_family
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.pool_hosts import SeenHost, seen_lately
from shared.publishing.progress import brief
from shared.publishing.record import as_settled
from shared.services import POOLS, ROLLOUTS, Services
from shared.versions.for_new_hosts import Choice, Known, choose

_READERS = 8
LISTED_FOR = 30.0
"""Seconds for which a pool is listed as it was read, unless its own row has changed: each costs ARM two reads."""


def find_pool(services: Services, name: str) -> Pool:
    """A registered pool. Raises NotFound."""
    pool = services.pools.find(POOLS, name)
    if pool is None:
        raise NotFound("pool", name)
    return pool


def running_rollout(services: Services, pool: Pool) -> Rollout | None:
    """The pool's rollout that is not ended, if there is one."""
    if not pool.running_rollout:
        return None
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
    return rollout if rollout and not rollout.state.ended else None


def standing_refresh(services: Services, pool: Pool) -> Rollout | None:
    """The pool's standing refresh that is not ended, if there is one."""
    if not pool.refresh_rollout:
        return None
    rollout = services.rollouts.find(ROLLOUTS, pool.refresh_rollout)
    return rollout if rollout and not rollout.state.ended else None


def list_pools(services: Services, *, limit: int, continuation: str | None) -> Listed[PoolView]:
    """A page of pools, each as it was LISTED_FOR seconds ago or, while it is read anew, twice as long.

    One that cannot be read says why and holds up no other.
    """
    page = services.pools.page(POOLS, limit=limit, continuation=continuation)

    def view_of(pool: Pool) -> PoolView:
        return services.recent.get(
            _listed(pool), LISTED_FOR, lambda: _read_view(services, pool, behind=False), behind=True
        )

    unknown = [pool for pool in page.rows if not services.recent.has(_listed(pool), LISTED_FOR)]
    with ThreadPoolExecutor(_READERS) as readers:  # starts a thread for each that is to be read, as a rule none
        read = dict(zip((pool.name for pool in unknown), readers.map(view_of, unknown), strict=True))
    views = [read.get(pool.name) or view_of(pool) for pool in page.rows]
    return Listed[PoolView](items=views, continuation=page.continuation)


def _listed(pool: Pool) -> tuple[str, str, str | None]:
    return "pool in a list", pool.name, pool.etag


def read_pool(services: Services, name: str) -> PoolView:
    """One pool; its hosts as they were a moment ago. Raises NotFound."""
    return _read_view(services, find_pool(services, name), behind=True)


def _read_view(services: Services, pool: Pool, *, behind: bool) -> PoolView:
    """`behind`: its hosts may be read behind the answer. Not for what is kept itself, or their ages would add up."""
    rollout, standing = running_rollout(services, pool), standing_refresh(services, pool)
    try:
        return view_pool(pool, seen_lately(services, pool.host_pool_id, behind=behind), rollout, standing)
    except AzureError as error:
        return view_pool(pool, None, rollout, standing).model_copy(update={"problem": refusal("host pool", error)})


def view_pool(
    pool: Pool, seen: Sequence[SeenHost] | None, rollout: Rollout | None, standing: Rollout | None
) -> PoolView:
    """The pool with what was seen of its hosts; None: nothing could be seen. `standing`: its refresh."""
    kept = pool.model_dump(include=set(PoolView.model_fields) - {"running_rollout", "freshness"})
    versions = Counter(host.version or "unknown" for host in seen or ())
    return PoolView.model_validate(
        kept
        | {
            "hosts": None if seen is None else len(seen),
            "hosts_per_version": dict(sorted(versions.items())),
            "sessions": None if seen is None else sum(host.broker.sessions for host in seen),
            "running_rollout": brief(rollout) if rollout else None,
            "freshness": freshness(standing) if standing else None,
        }
    )


def freshness(standing: Rollout) -> Freshness:
    """How far a pool's refresh has come, from its own row alone."""
    hosts, fresh = (standing.look.hosts, standing.look.fresh) if standing.look else (0, 0)
    return Freshness(rollout=standing.id, state=standing.state, used=hosts - fresh, fresh=fresh, note=standing.note)


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
        why=choice.why,
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
    if rollout and rollout.going_back:
        pool = as_settled(pool, rollout)  # told to go back a moment ago: what it leaves must not be given out any more
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
    family = read_family(services, image.name)
    try:
        versions = services.gallery.versions(image.definition_id)
    except AzureNotFound:
        raise
    except AzureError as error:
        return Known(family, None), error
    return Known(family, {version.version: version for version in versions}), None
