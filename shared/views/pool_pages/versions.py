"""The versions that a pool may be updated to, and why not to the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

from shared.api.common import Listed
from shared.api.pool_pages.versions import PoolVersionsQuery, PoolVersionView
from shared.core.arm_ids import describe_azure_error
from shared.core.codes import Code
from shared.core.errors import AzureError
from shared.models.access.roles import Reach
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image, ImageVersion
from shared.models.messages import message, sentence
from shared.models.pools import Pool
from shared.ports.paging import page_of
from shared.records.images import available
from shared.records.pools import find_pool
from shared.records.session_hosts import regions_of
from shared.records.versions import read_versions
from shared.services import IMAGES, Services
from shared.versions.for_pools import check_use
from shared.versions.version_set import VersionSet
from shared.views.hosts import recent_hosts
from shared.views.new_hosts import recent_gallery

_log = logging.getLogger("freshcoat.views")
_HIGHEST = 10**10


def list_pool_versions(
    services: Services, name: str, reach: Reach, query: PoolVersionsQuery
) -> Listed[PoolVersionView]:
    """A page of the versions of all images that the pool may have. Raises NotFound, InvalidRequest."""
    pool = find_pool(services, name)
    regions = _regions(services, pool)
    images = [
        image
        for image in services.images.all(IMAGES)
        if available(image, pool.account) and (reach.sees(image.owners) or image.name == pool.image)
    ]
    part = (query.search or "").casefold()
    found = [
        view
        for image in images
        for view in _of_image(services, pool, image, regions)
        if any(part in text.casefold() for text in (view.image, view.version, view.notes))
    ]
    page = page_of(found, partial(_key, pool), limit=query.limit, continuation=query.continuation)
    return Listed[PoolVersionView](items=page.rows, continuation=page.continuation)


def _key(pool: Pool, view: PoolVersionView) -> str:
    """The pool's own image first, then by name; the highest version first."""
    falling = ".".join(f"{_HIGHEST - part:011}" for part in version_key(view.version))
    return f"{int(view.image != pool.image)} {view.image} {falling}"


def _regions(services: Services, pool: Pool) -> frozenset[str] | None:
    """The regions of the pool's hosts; None when they cannot be read."""
    try:
        hosts = recent_hosts(services, pool.host_pool_id)
        return regions_of(hosts, lambda: services.host_pools.host_pool(pool.host_pool_id))
    except AzureError as error:
        _log.info("pool %s: its regions are not known: %s", pool.name, error)
        return None


def _of_image(
    services: Services, pool: Pool, image: Image, regions: frozenset[str] | None
) -> Iterator[PoolVersionView]:
    version_set = read_versions(services, image.name)
    there = recent_gallery(services, image)
    by_version = {} if isinstance(there, AzureError) else {one.version: one for one in there}
    for version in by_version.keys() | version_set.versions.keys():
        found, recorded = by_version.get(version), version_set.versions.get(version)
        if found is None and recorded is not None and recorded.ended_at is not None:
            continue  # it was discarded or deleted, and is gone
        why = _unreadable(there) or _why_not(pool, version_set, version, found, regions, allow_downgrade=False)
        may_go_down = bool(why) and not (
            _unreadable(there) or _why_not(pool, version_set, version, found, regions, allow_downgrade=True)
        )
        yield _view(pool, image, version, found, recorded, regions, why, as_downgrade=may_go_down)


def _unreadable(there: list[GalleryVersion] | AzureError) -> str:
    return describe_azure_error("image definition", there) if isinstance(there, AzureError) else ""


def _why_not(
    pool: Pool,
    version_set: VersionSet,
    version: str,
    there: GalleryVersion | None,
    regions: frozenset[str] | None,
    *,
    allow_downgrade: bool,
) -> str:
    """Why the pool may not be updated to it, by the rules of the checks before a rollout; empty when it may."""
    use = check_use(pool, version_set, version, there, allow_downgrade=allow_downgrade)
    if use is not None and use.result == "fail":
        return use.detail
    if there is None:
        return "the gallery does not have it"
    if there.being_deleted:
        return "it is being deleted from the gallery"
    if not there.ready:
        return f"it is not ready: {there.detail or 'it is still being created'}"
    if missing := there.missing_in(regions or frozenset()):
        return f"it is not replicated to {', '.join(missing)}"
    same_image = version_set.state.image == pool.image and pool.version is not None
    if same_image and not allow_downgrade and version_key(version) < version_key(pool.version or version):
        return f"it is older than {pool.version}, which the pool is on"
    return ""


def _view(
    pool: Pool,
    image: Image,
    version: str,
    there: GalleryVersion | None,
    recorded: ImageVersion | None,
    regions: frozenset[str] | None,
    why: str,
    *,
    as_downgrade: bool,
) -> PoolVersionView:
    replicas = None
    if there is not None and regions:
        replicas = min(there.replicas.get(region, 0) for region in regions)
    return PoolVersionView(
        image=image.name,
        version=version,
        state=recorded.state if recorded else None,
        current=image.name == pool.image and version == pool.version,
        selectable=not why,
        why_not=message(Code.NOT_SELECTABLE, sentence(why)) if why else None,
        as_downgrade=as_downgrade,
        notes=recorded.notes if recorded else "",
        verdict=recorded.verdict if recorded else None,
        created_at=recorded.created_at if recorded else None,
        staged_at=recorded.staged_at if recorded else None,
        activated_at=recorded.activated_at if recorded else None,
        replicas=replicas,
    )
