"""The inputs of the checks: the request, and everything that was read for it. Nothing here decides anything.

For a pool of any size, the hosts and their VMs are listed once each. Everything else is read once per scope, never per
host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from types import MappingProxyType

from shared.access.limits import limits_of
from shared.core.arm_ids import resource_groups_of, subscription_above, subscription_of
from shared.core.errors import AzureError, AzureRefused
from shared.models.access.limits import Limits
from shared.models.accounts import ScopeMap
from shared.models.azure import CoreQuota, HostPool, Lock, Permissions, ScalingPlan, VirtualMachine
from shared.models.directory import DirectoryCleanup
from shared.models.images import Definition, GalleryVersion, Image
from shared.models.policy import Policy, ScheduleMode
from shared.models.pools import DomainJoin, EntraJoin, Pool
from shared.models.rollout_parts import NO_PROBE, WHOLE_POOL, RolloutProbe, Selection
from shared.planning.join.devices import cleanup_of
from shared.records.accounts import read_scopes
from shared.records.profiles import join_of
from shared.records.session_hosts import SeenHost, regions_of, see_hosts
from shared.records.versions import read_versions
from shared.rollouts.preflight.identities import Assignment, assignments
from shared.rollouts.preflight.strategy import Strategies, strategies_of
from shared.services import Services
from shared.versions.version_set import VersionSet

_READERS = 6

type Read[T] = T | AzureError
"""The value that was read, or the error that prevented it."""


@dataclass(frozen=True)
class PreflightInput:
    """The request to check: may this version be published to this pool with this policy now?

    `becomes_active`: the version will be the image's active one when the rollout starts, whatever its state is now.
    `asked_at`: the request was accepted then, and is checked again; None: it is new. `begun`: it has begun since.
    `mode` and `notice` (time until people are signed out) None: they are not judged. `goes_back`: it is a roll-back.
    """

    pool: Pool
    image: Image
    version: str
    policy: Policy
    allow_downgrade: bool = False
    becomes_active: bool = False
    asked_at: datetime | None = None
    begun: bool = False
    mode: ScheduleMode | None = None
    notice: timedelta | None = None
    goes_back: bool = False
    selection: Selection = WHOLE_POOL
    probe: RolloutProbe = NO_PROBE
    """The probe that the policy names, as it was found."""

    def chosen(self, hosts: Sequence[SeenHost]) -> list[SeenHost]:
        """These hosts without those that are left out: what would stop them does not matter."""
        return [host for host in hosts if not self._leaves_out(host)]

    def _leaves_out(self, host: SeenHost) -> bool:
        tagged = host.vm is not None and host.vm.excluded
        return self.selection.why_left_out(host.broker.name.lower(), tagged=tagged) is not None


@dataclass(frozen=True)
class Facts:
    """Everything that was read. Keys of `permissions` and `locks`: ARM scope; of `cores`: subscription and region."""

    request: PreflightInput
    host_pool: Read[HostPool]
    registration: Read[None]
    """The refusal when the host pool gives out no registration token."""
    seen: Read[Sequence[SeenHost]]
    gallery_version: Read[GalleryVersion | None]
    """The version in the gallery; None when the gallery does not have it."""
    version_set: VersionSet
    graph_rights_missing: Read[Sequence[str]]
    """Rights on Microsoft Graph; empty for pools whose devices are left alone."""
    scopes: ScopeMap
    """Whose resources in Azure are."""
    join: EntraJoin | DomainJoin | None
    """How the pool's hosts join; None when its account has no join profile of the name."""
    password: str | None = field(repr=False)
    """The password of the user that joins hosts to the domain; None when there is none."""
    plans: Read[Sequence[ScalingPlan]]
    permissions: Mapping[str, Read[Permissions]]
    locks: Mapping[str, Read[list[Lock]]]
    cores: Mapping[tuple[str, str], Read[CoreQuota]]
    image_permissions: Mapping[str, Read[Permissions]] = MappingProxyType({})
    """What the identity of a resource group of VMs may do with the definition, where another one works on that."""
    subscription_permissions: Mapping[str, Read[Permissions]] = MappingProxyType({})
    """What the identity of a resource group of VMs may do in the subscription, by a group for each of both."""
    identity_permissions: Mapping[Assignment, Read[Permissions]] = MappingProxyType({})
    """What the identity of a resource group of VMs may do with the user-assigned identities of VMs to be replaced."""
    definition: Read[Definition] | None = None
    """The image definition; None when no VM would be created from it."""
    limits: Limits | None = None
    """The limits of the pool's account and ring; None when there are none."""
    left_out: int = 0
    """Hosts of the pool that are left out, and not among `hosts`."""

    @property
    def hosts(self) -> Sequence[SeenHost]:
        """The hosts of the pool; empty when they cannot be read, which the host pool check reports."""
        return () if isinstance(self.seen, AzureError) else self.seen

    @property
    def vms(self) -> list[VirtualMachine]:
        """The VMs of the hosts that have one."""
        return [host.vm for host in self.hosts if host.vm]

    @cached_property
    def strategies(self) -> Strategies:
        """How each host would get the version: re-imaged or replaced."""
        request = self.request
        return strategies_of(self.vms, request.image, request.version, request.policy.strategy, request.pool.reimage)

    @property
    def version(self) -> GalleryVersion | None:
        """The gallery version; None when the gallery could not be read or does not have it."""
        return None if isinstance(self.gallery_version, AzureError) else self.gallery_version

    @property
    def regions(self) -> frozenset[str]:
        """The regions in which the version is needed; empty when the pool cannot be read."""
        pool = self.host_pool
        if isinstance(pool, AzureError) or isinstance(self.seen, AzureError):
            return frozenset()
        return regions_of(self.hosts, lambda: pool)

    @property
    def replicas(self) -> int:
        """The number of replicas in the region that has the fewest."""
        if self.version is None:
            return 0
        return min((self.version.replicas.get(region, 0) for region in self.regions), default=0)


def read_facts(services: Services, request: PreflightInput) -> Facts:
    """Read everything, at most 6 calls at a time: first the hosts, then the scopes that contain their VMs.

    Raises AzureBusy only; any other refusal by Azure is stored as a fact.
    """
    pool_id, definition_id = request.pool.host_pool_id, request.image.definition_id
    governance = services.governance
    with ThreadPoolExecutor(_READERS) as readers:
        host_pool = readers.submit(_read, partial(services.host_pools.host_pool, pool_id))
        registration = readers.submit(_read, partial(services.host_pools.check_registration, pool_id))
        graph_rights = readers.submit(_read, partial(missing_graph_rights, services, request.pool))
        seen = readers.submit(_read, partial(see_hosts, services, pool_id))
        gallery_version = readers.submit(_read, partial(services.gallery.version, definition_id, request.version))
        plans = readers.submit(_read, partial(governance.scaling_plans, pool_id))
        version_set = read_versions(services, request.image.name)
        listed = seen.result()
        chosen = listed if isinstance(listed, AzureError) else request.chosen(listed)
        left_out = 0 if isinstance(listed, AzureError) else len(listed) - len(request.chosen(listed))
        facts = Facts(
            request=request,
            host_pool=host_pool.result(),
            registration=registration.result(),
            seen=chosen,
            gallery_version=gallery_version.result(),
            version_set=version_set,
            graph_rights_missing=graph_rights.result(),
            scopes=read_scopes(services),
            join=(join := join_of(services, request.pool)),
            password=password_of(services, join),
            plans=plans.result(),
            permissions={},
            locks={},
            cores={},
            limits=limits_of(services, request.pool),
            left_out=left_out,
        )
        return _with_scopes(services, facts, readers)


def _with_scopes(services: Services, facts: Facts, readers: ThreadPoolExecutor) -> Facts:
    """The facts with rights and locks of every affected scope, and the core quota of regions where VMs are replaced."""
    governance, request = services.governance, facts.request
    scopes = (request.pool.host_pool_id, *resource_groups_of(vm.id for vm in facts.vms))
    regions = {(subscription_of(vm.id).lower(), vm.location) for vm in facts.strategies.replaced}
    permissions = {
        scope: readers.submit(_read, partial(governance.permissions, scope))
        for scope in (*scopes, request.image.definition_id)
    }
    image = {
        group: readers.submit(_read, partial(governance.permissions, request.image.definition_id, by=group))
        for group in groups_of_others(facts.scopes, request.image.definition_id, scopes[1:])
    }
    subscriptions = {
        group: readers.submit(_read, partial(governance.permissions, subscription_above(group), by=group))
        for group in groups_of_subscriptions(facts.scopes, scopes[1:])
    }
    identities = {
        (identity, group): readers.submit(_read, partial(governance.permissions, identity, by=group))
        for identity, group in to_assign(facts)
    }
    locks = {scope: readers.submit(_read, partial(governance.locks, scope)) for scope in scopes}
    cores = {where: readers.submit(_read, partial(governance.cores, *where)) for where in sorted(regions)}
    found = _definition(services, facts)
    return replace(
        facts,
        permissions=_results(permissions),
        image_permissions=_results(image),
        subscription_permissions=_results(subscriptions),
        identity_permissions=_results(identities),
        locks=_results(locks),
        cores=_results(cores),
        definition=found,
    )


def groups_of_others(scopes: ScopeMap, definition_id: str, groups: Sequence[str]) -> list[str]:
    """The resource groups of VMs on which another identity works than on the image definition: it creates their VMs of
    the image, so Azure asks for its rights there."""
    return [group for group in groups if scopes.identity(group) != scopes.identity(definition_id)]


def groups_of_subscriptions(scopes: ScopeMap, groups: Sequence[str]) -> list[str]:
    """A resource group of VMs for each subscription and identity: operations are followed in the subscription."""
    found = {(subscription_above(group).lower(), scopes.identity(group)): group for group in reversed(groups)}
    return list(found.values())


def to_assign(facts: Facts) -> list[Assignment]:
    """The user-assigned identities that VMs get again if they are replaced."""
    return assignments(facts.strategies.changing, facts.scopes) if facts.strategies.may_replace else []


def _definition(services: Services, facts: Facts) -> Read[Definition] | None:
    if not (facts.strategies.may_replace and facts.strategies.changing):
        return None
    return _read(partial(services.gallery.definition, facts.request.image.definition_id))


def _results[K, T](futures: Mapping[K, Future[T]]) -> dict[K, T]:
    return {key: future.result() for key, future in futures.items()}


def _read[T](read: Callable[[], T]) -> Read[T]:
    """The value, or Azure's refusal. Raises AzureBusy: throttling passes, so it is no fact about the pool."""
    try:
        return read()
    except AzureRefused as error:
        return error


def password_of(services: Services, join: EntraJoin | DomainJoin | None) -> str | None:
    """The password with which hosts join a domain; None without one."""
    return services.settings.secrets.get(join.password_setting) if isinstance(join, DomainJoin) else None


def missing_graph_rights(services: Services, pool: Pool) -> Sequence[str]:
    """The rights on Microsoft Graph that deleting the devices of the pool's hosts lacks."""
    cleanup = cleanup_of(pool)
    if cleanup is DirectoryCleanup.NONE:
        return ()
    return services.directory.missing_rights(intune=cleanup is DirectoryCleanup.ENTRA_INTUNE)
