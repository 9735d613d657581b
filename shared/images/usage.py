"""Who uses which version: read before a version is removed from the gallery, with the text for a refusal.

Users are pools by their row, open rollouts, and the VM of every session host of every registered pool. A user that
cannot be read, or whose version is unknown, may use any version: then none is removed. A pool that has been unreadable
for so long that it is taken for gone counts with what its rows say.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError
from shared.core.states import RolloutState
from shared.models.images import Image
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, goal_of
from shared.pools.claim import is_valid
from shared.records.session_hosts import SeenHost, see_pools
from shared.records.unreadable_pools import is_gone
from shared.services import IMAGES, POOLS, ROLLOUTS, Services

_NAMED = 3


@dataclass(frozen=True)
class Use:
    """One user of a version. `definition` (lower case) or `version` None: it may be any.

    `begins` is the state of a rollout that has changed no host yet and would bring hosts to the version; else None.
    """

    who: str
    definition: str | None
    version: str | None
    begins: RolloutState | None = None


@dataclass(frozen=True)
class VersionUsage:
    """Everything that was in use at one reading."""

    found: tuple[Use, ...]

    def users_of(self, image: Image, version: str, *, besides: Container[RolloutState | None] = ()) -> list[str]:
        """Who uses the version, or may use it, for people. `besides`: rollouts in these states that have not begun."""
        definition = image.definition_id.lower()
        using = (use for use in self.found if use.definition in {None, definition} and use.version in {None, version})
        return list(dict.fromkeys(use.who for use in using if use.begins is None or use.begins not in besides))


STOPPED = frozenset({RolloutState.PAUSED, RolloutState.CANCELLING})
"""States of a rollout that begins nothing before its version is checked again."""
NOT_BEGUN = STOPPED | {RolloutState.SCHEDULED, RolloutState.AWAITING_APPROVAL}
"""States of a rollout that has changed no host, and can be stopped."""


def read_usage(services: Services) -> VersionUsage:
    """Read all registered pools once. Raises AzureBusy when the tables cannot be read."""
    definitions = {image.name: image.definition_id.lower() for image in services.images.all(IMAGES)}
    pools = services.pools.all(POOLS)
    recorded = [use for pool in pools for use in _by_rows(services, pool, definitions)]
    gone = {pool.name for pool in pools if is_gone(services, pool)}
    last_known = [use for pool in pools if pool.name in gone for use in _by_last_rows(services, pool)]
    seen = [
        use
        for name, hosts in see_pools(services, pools).items()
        if not (name in gone and isinstance(hosts, AzureError))
        for use in _by_hosts(name, hosts)
    ]
    return VersionUsage((*recorded, *last_known, *seen))


def users_of(services: Services, image: Image, version: str) -> list[str]:
    """Who uses one version, or may use it, for people. Raises AzureBusy when the tables cannot be read."""
    return read_usage(services).users_of(image, version)


def usage_text(users: Sequence[str]) -> str:
    """The users in one line; only the first of many."""
    more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    return ", ".join(users[:_NAMED]) + more


def _by_rows(services: Services, pool: Pool, definitions: dict[str, str]) -> Iterator[Use]:
    """The pool's own versions, and its open rollouts."""
    definition = definitions.get(pool.image)
    if pool.version:
        yield Use(f"pool {pool.name}", definition, pool.version)
    yield from _by_refresh(services, pool)
    if not pool.running_rollout:
        return
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
    if rollout is None:
        if is_valid(services, pool):  # the target of a request that is being accepted is not known yet
            yield Use(f"pool {pool.name}, which is about to be updated", None, None)
    elif not rollout.state.ended:
        yield from _by_rollout(rollout, definition)


def _by_refresh(services: Services, pool: Pool) -> Iterator[Use]:
    """The refresh's target, and the targets of the hosts that it is rebuilding: no list shows these hosts now."""
    refresh = services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None
    if refresh is None or refresh.state.ended:
        return
    in_work = (row for row in services.hosts.all(refresh.id) if row.state.in_work)
    for goal in {goal_of(refresh, row) for row in in_work} | {goal_of(refresh)}:
        yield Use(f"the refresh of pool {pool.name}", goal.definition_id.lower(), goal.version)


def _by_last_rows(services: Services, pool: Pool) -> Iterator[Use]:
    """The versions that the hosts of a pool that is gone had when they were last seen; they may still run elsewhere."""
    for rollout_id in {pool.running_rollout, pool.last_rollout, pool.refresh_rollout} - {""}:
        rollout = services.rollouts.find(ROLLOUTS, rollout_id)
        for row in services.hosts.all(rollout_id) if rollout else ():
            if rollout and row.version:
                yield Use(f"host {row.host} of pool {pool.name}", rollout.definition_id.lower(), row.version)


def _by_rollout(rollout: Rollout, definition: str | None) -> Iterator[Use]:
    who = f"rollout {rollout.id} of pool {rollout.pool}"
    begins = rollout.state if rollout.started_at is None else None
    yield Use(who, rollout.definition_id.lower(), rollout.version, begins)
    if rollout.before.version:
        yield Use(who, definition, rollout.before.version)


def _by_hosts(pool: str, hosts: Sequence[SeenHost] | AzureError) -> Iterator[Use]:
    """The VMs of the pool. A host whose VM is gone uses no version; a host that names no VM may use any."""
    if isinstance(hosts, AzureError):
        yield Use(
            f"pool {pool}, whose hosts could not be read ({describe_azure_error('host pool', hosts)})", None, None
        )
        return
    for host in hosts:
        who = f"host {host.broker.name} of pool {pool}"
        if host.vm and host.vm.definition_id:
            yield Use(who, host.vm.definition_id.lower(), host.vm.version)
        elif host.vm is None and not host.broker.vm_id:
            yield Use(f"{who}, whose VM is not known", None, None)
