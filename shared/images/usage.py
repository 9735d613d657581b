"""Who uses which version: looked at before a version leaves the gallery, and the words of the refusal.

Pools by their row, the rollouts that are not ended, and the VM behind every session host of every registered pool.
What cannot be read, or does not say, may use any version: then none is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError
from shared.models.images import Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, goal_of
from shared.pools.claim import is_valid
from shared.records.session_hosts import SeenHost, see_pools
from shared.services import IMAGES, POOLS, ROLLOUTS, Services

_NAMED = 10


@dataclass(frozen=True)
class Use:
    """Somebody who uses a version. `definition` (lower case) or `version` None: it may be any."""

    who: str
    definition: str | None
    version: str | None


@dataclass(frozen=True)
class VersionUsage:
    """Everything that was found in use at one look."""

    found: tuple[Use, ...]

    def users_of(self, image: Image, version: str) -> list[str]:
        """Who uses the version, or may use it, in words."""
        definition = image.definition_id.lower()
        users = (
            use.who for use in self.found if use.definition in {None, definition} and use.version in {None, version}
        )
        return list(dict.fromkeys(users))


def read_usage(services: Services) -> VersionUsage:
    """One look at all registered pools. Raises AzureBusy when our own tables cannot be read."""
    definitions = {image.name: image.definition_id.lower() for image in services.images.all(IMAGES)}
    pools = services.pools.all(POOLS)
    recorded = [use for pool in pools for use in _by_rows(services, pool, definitions)]
    seen = [use for name, hosts in see_pools(services, pools).items() for use in _by_hosts(name, hosts)]
    return VersionUsage((*recorded, *seen))


def users_of(services: Services, image: Image, version: str) -> list[str]:
    """Who uses one version, or may use it, in words. Raises AzureBusy when our own tables cannot be read."""
    return read_usage(services).users_of(image, version)


def usage_text(users: Sequence[str]) -> str:
    """The users in one line; of many, the first ones."""
    more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    return ", ".join(users[:_NAMED]) + more


def _by_rows(services: Services, pool: Pool, definitions: dict[str, str]) -> Iterator[Use]:
    """What the pool's row says, and the rollouts of it that are not ended."""
    definition = definitions.get(pool.image)
    if pool.version:
        yield Use(f"pool {pool.name}", definition, pool.version)
    yield from _by_refresh(services, pool)
    if not pool.running_rollout:
        return
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
    if rollout is None:
        if is_valid(services, pool.running_rollout):  # a request that is just being accepted does not say for what
            yield Use(f"pool {pool.name}, which is about to be updated", None, None)
    elif not rollout.state.ended:
        yield from _by_rollout(rollout, definition)


def _by_refresh(services: Services, pool: Pool) -> Iterator[Use]:
    """What hosts are made fresh to now, and what those in work are: while they are, no list shows them."""
    refresh = services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None
    if refresh is None or refresh.state.ended:
        return
    in_work = (row for row in services.hosts.all(refresh.id) if row.state.in_work)
    for goal in {goal_of(refresh, row) for row in in_work} | {goal_of(refresh)}:
        yield Use(f"the refresh of pool {pool.name}", goal.definition_id.lower(), goal.version)


def _by_rollout(rollout: Rollout, definition: str | None) -> Iterator[Use]:
    who = f"rollout {rollout.id} of pool {rollout.pool}"
    yield Use(who, rollout.definition_id.lower(), rollout.version)
    if rollout.from_version:
        yield Use(who, definition, rollout.from_version)


def _by_hosts(pool: str, hosts: Sequence[SeenHost] | AzureError) -> Iterator[Use]:
    """The VMs of the pool. A host whose VM is gone uses nothing; one that names no VM may use anything."""
    if isinstance(hosts, AzureError):
        yield Use(f"pool {pool}, whose hosts are not known ({describe_azure_error('host pool', hosts)})", None, None)
        return
    for host in hosts:
        who = f"host {host.broker.name} of pool {pool}"
        if host.machine and host.machine.definition_id:
            yield Use(who, host.machine.definition_id.lower(), host.machine.version)
        elif host.machine is None and not host.broker.vm_id:
            yield Use(f"{who}, whose VM is not known", None, None)
