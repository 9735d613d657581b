"""The checks of an accepted request, made again: all of them for a rollout, and the few that protect a host."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from shared.core.arm_ids import resource_groups_of, subscription_above
from shared.core.errors import AzureBusy, AzureError, AzureRefused
from shared.models.azure import HostPool, Permissions, SessionHost, VirtualMachine
from shared.models.base import version_key
from shared.models.findings import Finding
from shared.models.images import Image
from shared.models.pools import Pool
from shared.models.rollouts import Goal, Rollout, RolloutKind
from shared.planning.join.devices import cleanup_of
from shared.records.accounts import known_scopes
from shared.records.profiles import join_of
from shared.records.session_hosts import SeenHost
from shared.records.versions import read_versions
from shared.rollouts.preflight import checks, directory, join, locks, rights, scopes, versions
from shared.rollouts.preflight.facts import (
    Facts,
    PreflightInput,
    Read,
    groups_of_others,
    groups_of_subscriptions,
    missing_graph_rights,
    password_of,
    read_facts,
    to_assign,
)
from shared.rollouts.preflight.results import failed
from shared.services import IMAGES, Services

SHARED_FOR = 10.0
"""Seconds for which the hosts of all pools share what was read for their checks, twice as many while it is read anew:
so 50 hosts that begin in one pass cost one read of the version, not 50."""
NOW = 0.0
"""Seconds, for what decides that a host is not touched: hosts only share what is being read at this moment."""

_HOST_CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    scopes.scope, versions.account, versions.version, versions.use, versions.replication,
    join.join, directory.directory, rights.rights, locks.locks,
)  # fmt: skip
_REFRESH_CHECKS = tuple(check for check in _HOST_CHECKS if check is not versions.use)
"""A refresh follows the pool's version, whatever the state of that is."""


def check_again(services: Services, pool: Pool, rollout: Rollout) -> list[Finding]:
    """All checks of the rollout's request, as of now. Raises AzureBusy."""
    image = services.images.find(IMAGES, rollout.image)
    if image is None:
        return [_no_image(rollout)]
    facts = read_facts(services, _request(pool, rollout, image, rollout.version))
    return [finding for check in checks.CHECKS for finding in check(facts)]


def check_host(services: Services, pool: Pool, rollout: Rollout, goal: Goal, vm: VirtualMachine) -> list[Finding]:
    """The checks that protect a host, just before its first destructive call. Raises AzureBusy.

    What all hosts have in common is read at most once in `SHARED_FOR` seconds. What forbids the host is read again
    before it counts: since then the version may have been activated, a right granted or a lock removed.
    """
    found = _host_findings(services, pool, rollout, goal, vm, SHARED_FOR)
    if any(finding.result == "fail" for finding in found):
        found = _host_findings(services, pool, rollout, goal, vm, NOW)
    return found


def _host_findings(
    services: Services, pool: Pool, rollout: Rollout, goal: Goal, vm: VirtualMachine, age: float
) -> list[Finding]:
    recent = _Recent(services, age)
    image = recent.read(("image", rollout.image), lambda: services.images.find(IMAGES, rollout.image))
    if isinstance(image, AzureError) or image is None:
        return [_no_image(rollout)]
    facts = _host_facts(services, _request(pool, rollout, image, goal.version), vm, recent)
    chosen = _REFRESH_CHECKS if rollout.kind is RolloutKind.REFRESH else _HOST_CHECKS
    return [finding for check in chosen for finding in check(facts)]


def version_is_gone(services: Services, goal: Goal) -> bool:
    """Whether the gallery certainly has no such version any more, or is deleting it. Raises AzureBusy."""
    return all(_is_gone(_Recent(services, age), goal) for age in (SHARED_FOR, NOW))


def _is_gone(recent: _Recent, goal: Goal) -> bool:
    gallery = recent.services.gallery
    found = recent.read((goal.version_id,), lambda: gallery.version(goal.definition_id, goal.version))
    return not isinstance(found, AzureError) and (found is None or found.being_deleted)


def _request(pool: Pool, rollout: Rollout, image: Image, version: str) -> PreflightInput:
    """The request as it was accepted. The pool counts with the version that it had then."""
    before = pool.model_copy(update={"image": rollout.before.image or rollout.image, "version": rollout.before.version})
    return PreflightInput(
        before,
        image.model_copy(update={"definition_id": rollout.definition_id}),
        version,
        rollout.policy,
        allow_downgrade=_allows_downgrade(rollout),
        asked_at=rollout.created_at,
        begun=rollout.started_at is not None,
        mode=rollout.schedule.mode,
        goes_back=rollout.kind is RolloutKind.ROLL_BACK or rollout.rolling_back,
        selection=rollout.selection,
        probe=rollout.probe,
    )


def _allows_downgrade(rollout: Rollout) -> bool:
    """Whether the request allowed an older version. A row that does not record it tells by its versions."""
    if rollout.checks.allow_downgrade or rollout.kind is RolloutKind.ROLL_BACK or rollout.retry_of:
        return True
    return rollout.before.version is not None and version_key(rollout.before.version) > version_key(rollout.version)


def _no_image(rollout: Rollout) -> Finding:
    return failed("image", f"image {rollout.image} is not registered any more", "register it again")


def _host_facts(services: Services, request: PreflightInput, vm: VirtualMachine, recent: _Recent) -> Facts:
    pool, image, governance = request.pool, request.image, services.governance
    groups, scope_map = resource_groups_of([vm.id]), known_scopes(services)
    found = partial(services.gallery.version, image.definition_id, request.version)
    join = _sure(recent.read(("join", pool.account, pool.join), partial(join_of, services, pool)))
    facts = Facts(
        request=request,
        # Broker and pool are read for themselves, just before and after this: these checks use their ids only.
        host_pool=HostPool(id=pool.host_pool_id, kind="Pooled", location=vm.location, session_limit=0),
        registration=None,
        seen=[SeenHost(SessionHost(name=vm.name, vm_id=vm.id, accepting=False, sessions=0, status=""), vm)],
        gallery_version=recent.read((image.definition_id, request.version), found),
        version_set=_sure(recent.read(("versions", image.name), lambda: read_versions(services, image.name))),
        graph_rights_missing=recent.read(
            ("graph rights", cleanup_of(pool)), partial(missing_graph_rights, services, pool)
        ),
        scopes=scope_map,
        join=join,
        password=password_of(services, join),
        plans=(),
        permissions={
            scope: recent.read(("permissions", scope), partial(governance.permissions, scope))
            for scope in (pool.host_pool_id, *groups, image.definition_id)
        },
        image_permissions={
            group: _rights_of(recent, image.definition_id, group)
            for group in groups_of_others(scope_map, image.definition_id, groups)
        },
        subscription_permissions={
            group: _rights_of(recent, subscription_above(group), group)
            for group in groups_of_subscriptions(scope_map, groups)
        },
        locks={
            scope: recent.read(("locks", scope), partial(governance.locks, scope))
            for scope in (pool.host_pool_id, *groups)
        },
        cores={},
    )
    assigned = {(identity, group): _rights_of(recent, identity, group) for identity, group in to_assign(facts)}
    return replace(facts, identity_permissions=assigned)


def _rights_of(recent: _Recent, scope: str, group: str) -> Read[Permissions]:
    """What the identity that works on the group may do at the scope."""
    return recent.read(("permissions", scope, group), partial(recent.services.governance.permissions, scope, by=group))


def _sure[T](read: Read[T]) -> T:
    if isinstance(read, AzureError):
        raise read
    return read


@dataclass(frozen=True)
class _Recent:
    """Reads that hosts share for `age` seconds."""

    services: Services
    age: float

    def read[T](self, key: tuple[Hashable, ...], read: Callable[[], T]) -> Read[T]:
        """What was read a moment ago, or now. Raises AzureBusy, also a moment after Azure said so to another host."""

        def read_or_error() -> Read[T]:
            try:
                return read()
            except (AzureBusy, AzureRefused) as error:
                return error

        found = self.services.read_cache.get(("check again", *key), self.age, read_or_error)
        if isinstance(found, AzureBusy):
            raise found
        return found
