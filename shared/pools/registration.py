"""Registering a pool, changing its registration, and forgetting it: what is checked before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.api.pools import PoolRegistration, PoolView
from shared.audit.record import audit
from shared.core.arm_ids import describe_azure_error, host_pool_problem
from shared.core.errors import AzureBusy, AzureRefused, Conflict, FieldProblem, InvalidRequest
from shared.core.states import VersionState
from shared.core.time_zones import UnknownZone, zone_named
from shared.models.base import version_key
from shared.models.images import Image
from shared.models.pools import Pool, ReimageSupport, Ring
from shared.records.accounts import known_account
from shared.records.images import available
from shared.records.pools import find_pool, running_rollout, standing_refresh
from shared.records.session_hosts import SeenHost, see_hosts
from shared.records.versions import read_versions
from shared.services import IMAGES, POOLS, Services
from shared.views.pools import view_pool

_NEVER_ACTIVE = frozenset({VersionState.CAPTURING, VersionState.STAGED, VersionState.DISCARDED, VersionState.FAILED})


def register_pool(services: Services, name: str, asked: PoolRegistration, who: str) -> tuple[PoolView, bool]:
    """Register or change a pool; the answer says whether it is new.

    Raises InvalidRequest naming what is wrong (unknown, personal or unreadable host pool, unknown account or zone, an
    image its account may not have), Conflict when the host pool is another pool's or a rollout would lose its ground.
    """
    checked = _checked(services, asked)
    if checked.problems or checked.image is None:
        raise InvalidRequest(checked.problems)
    old = services.pools.find(POOLS, name)
    _refuse_conflicts(services, name, asked, old)
    fields = asked.model_dump() | {"name": name, "time_zone": checked.zone}
    same_ground = old is not None and _same_ground(old, asked)
    if not same_ground:
        fields |= {
            "version": usual_version(checked.seen, checked.image),
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
    return view_pool(kept, checked.seen, running_rollout(services, kept), standing_refresh(services, kept)), old is None


@dataclass
class _Checked:
    """What became of the fields of a registration. `zone` is the IANA name."""

    image: Image | None = None
    zone: str = "UTC"
    seen: Sequence[SeenHost] = ()
    problems: list[FieldProblem] = field(default_factory=list)


def _checked(services: Services, asked: PoolRegistration) -> _Checked:
    """Everything that can be wrong with it, at once.

    Raises AzureBusy, unless something is wrong that can be said without Azure.
    """
    found = _Checked()
    _check_words(services, asked, found)
    if problem := host_pool_problem(asked.host_pool_id):
        found.problems.append(FieldProblem("host_pool_id", problem))
        return found
    try:
        found.seen = _check_host_pool(services, asked.host_pool_id)
    except InvalidRequest as error:
        found.problems += error.problems
    except AzureBusy:
        if not found.problems:
            raise
    return found


def _check_words(services: Services, asked: PoolRegistration, found: _Checked) -> None:
    """What can be checked without Azure: account, image, zone."""
    account = known_account(services, asked.account)
    if account is None:
        text = f"there is no account called {asked.account}; register it first"
        found.problems.append(FieldProblem("account", text))
    found.image = services.images.find(IMAGES, asked.image)
    if found.image is None:
        text = f"there is no image called {asked.image}; register it first"
        found.problems.append(FieldProblem("image", text))
    elif account and not available(found.image, account.name):
        text = f"image {found.image.name} is not available to account {account.name}"
        found.problems.append(FieldProblem("image", text))
    try:
        found.zone = zone_named(asked.time_zone or (account.time_zone if account else "UTC")).key
    except UnknownZone as error:
        found.problems.append(FieldProblem("time_zone", str(error)))


def _check_host_pool(services: Services, host_pool_id: str) -> list[SeenHost]:
    """Read everything a rollout will read, so that a missing right is found now."""
    try:
        host_pool = services.host_pools.host_pool(host_pool_id)
        if host_pool.kind != "Pooled":
            raise InvalidRequest.one(
                "host_pool_id",
                f"this host pool is {host_pool.kind}: its desktops belong to single users and keep their changes; "
                "only pooled host pools can be published to",
            )
        return see_hosts(services, host_pool_id)
    except AzureRefused as error:
        raise InvalidRequest.one("host_pool_id", describe_azure_error("host pool", error)) from error


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
    state = read_versions(services, image.name).state_of(pool.version)
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


def forget_pool(services: Services, name: str, who: str) -> None:
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
