"""What the checks look at: the question, and all that was read for it. Nothing here decides anything.

A pool of any size costs one list of its hosts and one of their VMs; all else is read once per scope, never per host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from shared.core.arm_ids import resource_groups_of, subscription_of
from shared.core.errors import AzureError, AzureRefused
from shared.models.azure import CoreQuota, HostPool, Lock, Permissions, ScalingPlan, VirtualMachine
from shared.models.images import GalleryVersion, Image
from shared.models.policy import Policy
from shared.models.pools import DomainJoin, Pool
from shared.records.session_hosts import SeenHost, regions_of, see_hosts
from shared.records.versions import read_versions
from shared.rollouts.preflight.strategy import Strategies, strategies_of
from shared.services import Services
from shared.versions.version_set import VersionSet

_READERS = 6

type Read[T] = T | AzureError
"""What was read, or why it could not be."""


@dataclass(frozen=True)
class PreflightInput:
    """The question: may this version be published to this pool in this way, now?

    `becomes_active`: it will be the image's active version by then, whatever it is now.
    """

    pool: Pool
    image: Image
    version: str
    policy: Policy
    allow_downgrade: bool = False
    becomes_active: bool = False


@dataclass(frozen=True)
class Facts:
    """All that was read. `permissions` and `locks` are by ARM scope, `cores` by subscription and region."""

    asked: PreflightInput
    host_pool: Read[HostPool]
    seen: Read[Sequence[SeenHost]]
    there: Read[GalleryVersion | None]
    """The version in the gallery; None when it has no such version."""
    version_set: VersionSet
    password: str | None = field(repr=False)
    """Of the joining user; None when there is none."""
    plans: Read[Sequence[ScalingPlan]]
    permissions: Mapping[str, Read[Permissions]]
    locks: Mapping[str, Read[list[Lock]]]
    cores: Mapping[tuple[str, str], Read[CoreQuota]]

    @property
    def hosts(self) -> Sequence[SeenHost]:
        """The hosts of the pool; none when they cannot be read, which a check of its own says."""
        return () if isinstance(self.seen, AzureError) else self.seen

    @property
    def machines(self) -> list[VirtualMachine]:
        """The VMs of the hosts, as far as they exist."""
        return [host.machine for host in self.hosts if host.machine]

    @cached_property
    def ways(self) -> Strategies:
        """How the hosts would get the version."""
        asked = self.asked
        return strategies_of(self.machines, asked.image, asked.version, asked.policy.strategy, asked.pool.reimage)

    @property
    def version(self) -> GalleryVersion | None:
        """The version, if the gallery could be read and has it."""
        return None if isinstance(self.there, AzureError) else self.there

    @property
    def regions(self) -> frozenset[str]:
        """Where the version is needed; none when the pool cannot be read."""
        pool = self.host_pool
        if isinstance(pool, AzureError) or isinstance(self.seen, AzureError):
            return frozenset()
        return regions_of(self.hosts, lambda: pool)

    @property
    def replicas(self) -> int:
        """Replicas of the version in the region that has fewest of them."""
        if self.version is None:
            return 0
        return min((self.version.replicas.get(region, 0) for region in self.regions), default=0)


def read_facts(services: Services, asked: PreflightInput) -> Facts:
    """Read everything, at most 6 calls at a time: first what the hosts are, then what their VMs lie in.

    Raises AzureBusy only; what else Azure refuses is a fact like others.
    """
    pool_id, definition_id = asked.pool.host_pool_id, asked.image.definition_id
    around = services.governance
    with ThreadPoolExecutor(_READERS) as readers:
        host_pool = readers.submit(_read, partial(services.host_pools.host_pool, pool_id))
        seen = readers.submit(_read, partial(see_hosts, services, pool_id))
        there = readers.submit(_read, partial(services.gallery.version, definition_id, asked.version))
        plans = readers.submit(_read, partial(around.scaling_plans, pool_id))
        version_set = read_versions(services, asked.image.name)
        facts = Facts(
            asked=asked,
            host_pool=host_pool.result(),
            seen=seen.result(),
            there=there.result(),
            version_set=version_set,
            password=_password(services, asked.pool),
            plans=plans.result(),
            permissions={},
            locks={},
            cores={},
        )
        return _with_scopes(services, facts, readers)


def _with_scopes(services: Services, facts: Facts, readers: ThreadPoolExecutor) -> Facts:
    """Rights and locks of all that is worked on, and the cores of the regions in which VMs are replaced."""
    around, asked = services.governance, facts.asked
    scopes = (asked.pool.host_pool_id, *resource_groups_of(machine.id for machine in facts.machines))
    regions = {(subscription_of(machine.id).lower(), machine.location) for machine in facts.ways.replaced}
    permissions = {
        scope: readers.submit(_read, partial(around.permissions, scope))
        for scope in (*scopes, asked.image.definition_id)
    }
    locks = {scope: readers.submit(_read, partial(around.locks, scope)) for scope in scopes}
    cores = {where: readers.submit(_read, partial(around.cores, *where)) for where in sorted(regions)}
    return replace(facts, permissions=_all(permissions), locks=_all(locks), cores=_all(cores))


def _all[K, T](asked: Mapping[K, Future[T]]) -> dict[K, T]:
    return {key: future.result() for key, future in asked.items()}


def _read[T](read: Callable[[], T]) -> Read[T]:
    """What it reads, or why it may not. Raises AzureBusy: that passes, and must not be taken for an answer."""
    try:
        return read()
    except AzureRefused as error:
        return error


def _password(services: Services, pool: Pool) -> str | None:
    return services.settings.secrets.get(pool.join.password_setting) if isinstance(pool.join, DomainJoin) else None
