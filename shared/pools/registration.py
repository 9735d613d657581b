"""Registers, changes and unregisters pools; everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from shared.access.limits import Wanted, beyond, pool_policy_within
from shared.access.registrations import check_pool_reach, check_still_reached, sees_pool
from shared.api.edits import Edit, changed_fields
from shared.api.pools import PoolRegistration, PoolView
from shared.audit.about import about_pool
from shared.audit.record import audit
from shared.core.arm_ids import host_pool_problem, same
from shared.core.asking import asker
from shared.core.codes import Code
from shared.core.errors import AzureBusy, AzureRefused, Conflict, FieldProblem, InvalidRequest
from shared.core.hrefs import rollout_href
from shared.core.states import VersionState
from shared.core.time_zones import UnknownZone, zone_named
from shared.models.access.roles import Reach
from shared.models.directory import DirectoryCleanup
from shared.models.images import Image
from shared.models.messages import Message, message
from shared.models.policy import ScheduleMode, resolve_policy
from shared.models.pools import Pool, ProfileJoin, ReimageSupport, Ring
from shared.models.resource_claims import ClaimedKind
from shared.models.rollouts import Rollout
from shared.pools.claim import open_rollout
from shared.pools.host_pool import read_own_host_pool
from shared.records.accounts import known_account
from shared.records.change import register
from shared.records.images import available
from shared.records.pool_looks import forget_look
from shared.records.pools import find_pool, open_refresh, running_rollout
from shared.records.profiles import no_such_join_profile, no_such_probe
from shared.records.resource_claims import claimed, give_back, refused
from shared.records.session_hosts import SeenHost, most_common_version
from shared.records.versions import read_versions
from shared.services import IMAGES, POOLS, Services
from shared.views.pools import view_registered

_CLAIMED = ClaimedKind.HOST_POOL
_TAKEN_OVER = {"policy": "policy", "time_zone": "time zone"}
"""Settings that a rollout copies when it is requested, and their words."""
_NEVER_ACTIVE = frozenset({VersionState.CAPTURING, VersionState.STAGED, VersionState.DISCARDED, VersionState.FAILED})


def register_pool(
    services: Services, name: str, edit: Edit[PoolRegistration], who: str, reach: Reach
) -> tuple[PoolView, bool]:
    """Register or change a pool; the flag says whether it is new.

    Raises InvalidRequest naming every problem (unknown, personal or unreadable host pool, unknown account or time zone,
    an image that the account may not use), Conflict when the host pool belongs to another pool, or an open rollout
    depends on a field that would change; NotFound, PreconditionFailed, WouldReset.
    """
    checked = _CheckedRequest()

    def decide(old: Pool | None) -> Pool:
        nonlocal checked
        stored = None if old is None else PoolRegistration.of(old)
        if old:
            check_still_reached(reach, "pool", [old.account])
        request = edit.applied_to(stored, "pool", name)
        check_pool_reach(services, reach, request.account, request.image)
        checked = _check_request(services, request, old)
        if checked.problems or checked.image is None:
            raise InvalidRequest(checked.problems)
        wanted = _wanted(services, name, request, checked, old)
        edit.check_resets(stored, PoolRegistration.of(wanted))
        _refuse_conflicts(services, name, request, old, reach)
        return wanted

    old, kept = register(
        lambda: services.pools.find(POOLS, name),
        decide,
        lambda old, wanted: _write_claimed(services, old, wanted, reach),
        describe="pool",
    )
    if old is None:
        audit(services, who, "register pool", name, kept.host_pool_id, about=about_pool(kept))
    elif changed := changed_fields(PoolRegistration.of(old), PoolRegistration.of(kept)):
        audit(services, who, "change pool", name, ", ".join(changed), about=about_pool(kept))
    running = running_rollout(services, kept)
    seen = None if kept.unreadable_since else checked.seen
    view = view_registered(services, kept, seen)
    return view.replace(note=_keeps_policy(old, kept, running)), old is None


def _wanted(
    services: Services, name: str, request: PoolRegistration, checked: _CheckedRequest, old: Pool | None
) -> Pool:
    """The pool's row as requested. With other hosts or another image, it loses what was known of the old ones."""
    fields = dict(request) | {"name": name, "time_zone": checked.zone, "unreadable_since": checked.unreadable_since}
    if checked.image and (old is None or not _same_hosts_and_image(old, request)):
        fields |= {
            "version": most_common_version(checked.seen, checked.image),
            "version_at": services.now(),
            "previous_version": None,
            "previous_image": None,
            "reimage": ReimageSupport.UNKNOWN,
        }
    if old is None:
        return Pool(registered_at=services.now(), changed_by_id=asker().id, **fields)
    wanted = old.model_copy(update=fields)
    changed = changed_fields(PoolRegistration.of(old), PoolRegistration.of(wanted))
    return wanted.replace(changed_by_id=asker().id) if changed else wanted


def _write_claimed(services: Services, old: Pool | None, wanted: Pool, reach: Reach) -> Pool:
    host_pool_id = wanted.host_pool_id
    has_it, sees = partial(_has, services, host_pool_id), partial(sees_pool, services, reach)
    with claimed(services, _CLAIMED, host_pool_id, wanted.name, has_it, sees):
        kept = _write(services, old, wanted)
    if old is not None and not same(old.host_pool_id, host_pool_id):
        give_back(services, _CLAIMED, old.host_pool_id, wanted.name)
    return kept


def _write(services: Services, old: Pool | None, wanted: Pool) -> Pool:
    if old is None:
        return services.pools.add(wanted)
    return old if wanted == old else services.pools.replace(wanted)


def _has(services: Services, host_pool_id: str, name: str) -> bool:
    pool = services.pools.find(POOLS, name)
    return pool is not None and same(pool.host_pool_id, host_pool_id)


def _keeps_policy(old: Pool | None, kept: Pool, running: Rollout | None) -> Message | None:
    """Tells who changes what a running rollout has taken over that it counts from the next one."""
    if old is None or running is None:
        return None
    changed = [words for name, words in _TAKEN_OVER.items() if getattr(old, name) != getattr(kept, name)]
    if not changed:
        return None
    kept_as_is = " and ".join(changed)
    text = f"The rollout that runs on this pool keeps its {kept_as_is}. The change counts from the next rollout."
    return message(Code.COUNTS_FROM_NEXT_ROLLOUT, text, href=rollout_href(running.id))


def _beyond_limits(services: Services, request: PoolRegistration, checked: _CheckedRequest) -> list[FieldProblem]:
    """What the pool's own policy asks for beyond the limits of its account and ring."""
    limits = services.limits.find(request.account, request.ring)
    if limits is None:
        return []
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, pool_policy_within(limits, request.policy))
    found = beyond(limits, Wanted(policy, None, None, len(checked.seen)))
    return [FieldProblem(one.field, f"{one.detail}; {one.what_to_do}") for one in found]


@dataclass
class _CheckedRequest:
    """The result of checking a registration. `zone` is the IANA name."""

    image: Image | None = None
    zone: str = "UTC"
    seen: Sequence[SeenHost] = ()
    problems: list[FieldProblem] = field(default_factory=list)
    unreadable_since: datetime | None = None
    """Since when a host pool that stays the same cannot be read; None: it could be."""


def _check_request(services: Services, request: PoolRegistration, old: Pool | None) -> _CheckedRequest:
    """Find all problems at once. A pool that is known to be unreadable may be changed, but not get another image.

    Raises AzureBusy, unless a problem was found without Azure.
    """
    found = _CheckedRequest()
    _check_without_azure(services, request, found)
    if problem := host_pool_problem(request.host_pool_id):
        found.problems.append(FieldProblem("host_pool_id", problem))
        return found
    try:
        found.seen = read_own_host_pool(services, request.account, request.host_pool_id)
    except InvalidRequest as error:
        if old and old.unreadable_since and _same_hosts_and_image(old, request) and _is_refused(error):
            found.unreadable_since = old.unreadable_since
        else:
            found.problems += error.problems
    except AzureBusy:
        if not found.problems:
            raise
    found.problems += _beyond_limits(services, request, found)
    return found


def _is_refused(error: InvalidRequest) -> bool:
    return isinstance(error.__cause__, AzureRefused)


def _check_without_azure(services: Services, request: PoolRegistration, found: _CheckedRequest) -> None:
    """Check what needs no call to Azure: account, image, time zone, devices of a domain."""
    if isinstance(request.join, ProfileJoin) and request.directory_cleanup not in {None, DirectoryCleanup.NONE}:
        text = "hosts that join a domain have no device of their own in Entra ID; send null"
        found.problems.append(FieldProblem("directory_cleanup", text))
    account = known_account(services, request.account)
    if account is None:
        text = f"there is no account called {request.account}; register it first"
        found.problems.append(FieldProblem("account", text))
    found.image = services.images.find(IMAGES, request.image)
    if found.image is None:
        text = f"there is no image called {request.image}; register it first"
        found.problems.append(FieldProblem("image", text))
    elif account and not available(found.image, account.name):
        text = f"image {found.image.name} is not available to account {account.name}"
        found.problems.append(FieldProblem("image", text))
    if account:
        found.problems += _unknown_profiles(services, request, account.name)
    try:
        found.zone = zone_named(request.time_zone or (account.time_zone if account else "UTC")).key
    except UnknownZone as error:
        found.problems.append(FieldProblem("time_zone", str(error)))


def _unknown_profiles(services: Services, request: PoolRegistration, account: str) -> Iterator[FieldProblem]:
    """A problem for each name that the account keeps nothing under; that of another account is unknown."""
    probe, join = request.policy.probe, request.join
    if probe and services.probes.find(account, probe) is None:
        text = f"{no_such_probe(account, probe)}; add it there first, name another one, or leave it out"
        yield FieldProblem("policy.probe", text)
    if isinstance(join, ProfileJoin) and services.join_profiles.find(account, join.profile) is None:
        text = f"{no_such_join_profile(account, join.profile)}; add it there first, or name another one"
        yield FieldProblem("join.profile", text)


def _refuse_conflicts(services: Services, name: str, request: PoolRegistration, old: Pool | None, reach: Reach) -> None:
    for other in services.pools.all(POOLS):
        if other.name != name and same(other.host_pool_id, request.host_pool_id):
            raise refused(_CLAIMED, other.name, seen=reach.sees((other.account,)))
    if old is None:
        return
    moves = not _same_hosts_and_image(old, request) or (old.ring, old.account) != (request.ring, request.account)
    if moves and (running := open_rollout(services, old)):
        raise Conflict(
            "A rollout runs on this pool. Change its host pool, image, ring or account after the rollout has ended.",
            rollout=running.id,
        )
    moves = not same(old.host_pool_id, request.host_pool_id) or old.account != request.account
    if moves and (refresh := open_refresh(services, old)):
        raise Conflict(
            "Hosts of this pool are being refreshed. Switch the refresh off. When it has ended, change the host pool "
            "or the account.",
            rollout=refresh.id,
        )
    if old.ring is Ring.TEST and request.ring is not Ring.TEST and _is_on_test_version(services, old):
        raise Conflict(
            f"This pool has version {old.version}, which was never active. Update it to an active version first."
        )


def _is_on_test_version(services: Services, pool: Pool) -> bool:
    """Whether the pool's version was never active, so that only ring test may have it. Raises AzureError."""
    image = services.images.find(IMAGES, pool.image)
    if image is None or pool.version is None:
        return False
    state = read_versions(services, image.name).state_of(pool.version)
    if state is not None:
        return state in _NEVER_ACTIVE
    version = services.gallery.version(image.definition_id, pool.version)
    return version is not None and version.exclude_from_latest


def _same_hosts_and_image(old: Pool, request: PoolRegistration) -> bool:
    return same(old.host_pool_id, request.host_pool_id) and old.image == request.image


def forget_pool(services: Services, name: str, who: str) -> None:
    """Delete a pool's registration; its host pool is not changed. Raises NotFound, Conflict while a rollout runs."""
    pool = find_pool(services, name)
    refuse_during_rollout(services, pool)
    if refresh := open_refresh(services, pool):
        raise Conflict("Hosts of this pool are being refreshed. Switch the refresh off first.", rollout=refresh.id)
    services.pools.remove(pool)
    forget_look(services, name)
    give_back(services, _CLAIMED, pool.host_pool_id, name)
    audit(services, who, "unregister pool", name, about=about_pool(pool))


def refuse_during_rollout(services: Services, pool: Pool) -> None:
    """Raises Conflict while a rollout runs on the pool."""
    if running := open_rollout(services, pool):
        raise Conflict("A rollout runs on this pool. Wait for its end or cancel it first.", rollout=running.id)
