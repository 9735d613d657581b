"""Pools: registering, reading, and what a new host is to be made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.accounts import known_account
from shared.arm_ids import host_pool_problem, refusal, version_id
from shared.audit import audit
from shared.errors import AzureBusy, AzureError, AzureNotFound, Conflict, FieldProblem, InvalidRequest, NotFound
from shared.images import available, find_image
from shared.imaging.family import read_family
from shared.imaging.new_hosts import Choice, Known, choose
from shared.models.base import version_key
from shared.models.images import GalleryVersion, Image
from shared.models.pools import Pool, ReimageSupport, Ring
from shared.models.requests import PoolRegistration
from shared.models.rollouts import Rollout
from shared.models.views import Freshness, Listed, PoolImageView, PoolView
from shared.pool_hosts import SeenHost, see_hosts
from shared.publishing.progress import brief
from shared.publishing.record import as_settled
from shared.services import IMAGES, POOLS, ROLLOUTS, Services
from shared.states import VersionState
from shared.zones import UnknownZone, zone_named

_READERS = 8
_NEVER_ACTIVE = frozenset({VersionState.CAPTURING, VersionState.STAGED, VersionState.DISCARDED, VersionState.FAILED})


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


def register_pool(services: Services, name: str, asked: PoolRegistration, who: str) -> tuple[PoolView, bool]:
    """Register or change a pool; the answer says whether it is new.

    Raises InvalidRequest naming what is wrong (unknown, personal or unreadable host pool, unknown account or zone, an
    image its account may not have), Conflict when the host pool is another pool's or a rollout would lose its ground.
    """
    image, zone = _check_words(services, asked)
    seen = _check_host_pool(services, asked.host_pool_id)
    old = services.pools.find(POOLS, name)
    _refuse_conflicts(services, name, asked, old)
    fields = asked.model_dump() | {"name": name, "time_zone": zone}
    same_ground = old is not None and _same_ground(old, asked)
    if not same_ground:
        fields |= {
            "version": usual_version(seen, image),
            "previous_version": None,
            "previous_image": None,
            "reimage": ReimageSupport.UNKNOWN,
        }
        fields["version_at"] = services.now()
    if old is None:
        kept = services.pools.add(Pool.model_validate(fields | {"registered_at": services.now()}))
    else:
        changed = Pool.model_validate(old.model_dump() | fields)
        kept = services.pools.replace(changed.model_copy(update={"etag": old.etag}))
    audit(services, who, "register pool", name, asked.host_pool_id)
    return view_pool(kept, seen, running_rollout(services, kept), standing_refresh(services, kept)), old is None


def _check_words(services: Services, asked: PoolRegistration) -> tuple[Image, str]:
    """What can be checked without Azure, all at once: account, image, and the zone's IANA name."""
    problems: list[FieldProblem] = []
    if problem := host_pool_problem(asked.host_pool_id):
        problems.append(FieldProblem("host_pool_id", problem))
    account = known_account(services, asked.account)
    if account is None:
        problems.append(FieldProblem("account", f"there is no account called {asked.account}; register it first"))
    image = services.images.find(IMAGES, asked.image)
    if image is None:
        problems.append(FieldProblem("image", f"there is no image called {asked.image}; register it first"))
    elif account and not available(image, account.name):
        problems.append(FieldProblem("image", f"image {image.name} is not available to account {account.name}"))
    zone = account.time_zone if account else "UTC"
    try:
        zone = zone_named(asked.time_zone or zone).key
    except UnknownZone as error:
        problems.append(FieldProblem("time_zone", str(error)))
    if problems or image is None:
        raise InvalidRequest(problems)
    return image, zone


def _check_host_pool(services: Services, host_pool_id: str) -> list[SeenHost]:
    """Read everything a rollout will read, so that a missing right is found now."""
    try:
        host_pool = services.desktops.host_pool(host_pool_id)
        if host_pool.kind != "Pooled":
            raise InvalidRequest.one(
                "host_pool_id",
                f"this host pool is {host_pool.kind}: its desktops belong to single users and keep their changes; "
                "only pooled host pools can be published to",
            )
        return see_hosts(services, host_pool_id)
    except AzureBusy:
        raise
    except AzureError as error:
        raise InvalidRequest.one("host_pool_id", refusal("host pool", error)) from error


def _refuse_conflicts(services: Services, name: str, asked: PoolRegistration, old: Pool | None) -> None:
    for other in services.pools.all(POOLS):
        if other.name != name and other.host_pool_id.lower() == asked.host_pool_id.lower():
            raise Conflict(f"This host pool is registered already, as pool {other.name}.")
    if old is None:
        return
    moves = not _same_ground(old, asked) or (old.ring, old.account) != (asked.ring, asked.account)
    if moves and (running := running_rollout(services, old)):
        raise Conflict(
            "A rollout runs on this pool; its host pool, image, ring and account can be changed when it has ended.",
            rollout=running.id,
        )
    if old.host_pool_id.lower() != asked.host_pool_id.lower() and (standing := standing_refresh(services, old)):
        raise Conflict(
            "Hosts of this pool are refreshed; switch that off, and change its host pool when that has ended.",
            rollout=standing.id,
        )
    if old.ring is Ring.TEST and asked.ring is not Ring.TEST and _only_tested(services, old):
        raise Conflict(f"This pool is on {old.version}, which was never active: update it to an active one first.")


def _only_tested(services: Services, pool: Pool) -> bool:
    """Whether the version the pool is on has never been for more than testing. Raises AzureError."""
    image = services.images.find(IMAGES, pool.image)
    if image is None or pool.version is None:
        return False
    state = read_family(services, image.name).state_of(pool.version)
    if state is not None:
        return state in _NEVER_ACTIVE
    version = services.gallery.version(image.definition_id, pool.version)
    return version is not None and version.exclude_from_latest


def _same_ground(old: Pool, asked: PoolRegistration) -> bool:
    return old.host_pool_id.lower() == asked.host_pool_id.lower() and old.image == asked.image


def usual_version(seen: Sequence[SeenHost], image: Image) -> str | None:
    """The version most hosts are on, the newer one if two are as frequent; None when no host says."""
    versions = Counter(
        host.machine.version
        for host in seen
        if host.machine
        and host.machine.version
        and (host.machine.definition_id or "").lower() == image.definition_id.lower()
    )
    return max(versions, key=lambda version: (versions[version], version_key(version)), default=None)


def unregister_pool(services: Services, name: str, who: str) -> None:
    """Forget a pool; its host pool is left as it is. Raises NotFound, Conflict while a rollout runs."""
    pool = find_pool(services, name)
    refuse_while_updated(services, pool)
    if standing := standing_refresh(services, pool):
        raise Conflict("Hosts of this pool are refreshed; switch that off first.", rollout=standing.id)
    services.pools.remove(pool)
    audit(services, who, "unregister pool", name)


def refuse_while_updated(services: Services, pool: Pool) -> None:
    """Raises Conflict while a rollout runs on the pool."""
    if running := running_rollout(services, pool):
        raise Conflict("A rollout runs on this pool; wait for its end or cancel it first.", rollout=running.id)


def list_pools(services: Services, *, limit: int, continuation: str | None) -> Listed[PoolView]:
    """A page of pools, each as it is now; one that cannot be read says why and holds up no other."""
    page = services.pools.page(POOLS, limit=limit, continuation=continuation)
    with ThreadPoolExecutor(_READERS) as readers:
        views = list(readers.map(lambda pool: _read_view(services, pool), page.rows))
    return Listed[PoolView](items=views, continuation=page.continuation)


def read_pool(services: Services, name: str) -> PoolView:
    """One pool as it is now. Raises NotFound."""
    return _read_view(services, find_pool(services, name))


def _read_view(services: Services, pool: Pool) -> PoolView:
    rollout, standing = running_rollout(services, pool), standing_refresh(services, pool)
    try:
        return view_pool(pool, see_hosts(services, pool.host_pool_id), rollout, standing)
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
