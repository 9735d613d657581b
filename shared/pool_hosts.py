"""The hosts of a pool as broker and Azure see them now: one list of each, never a call per host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.models.azure import Machine, SessionHost
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.views import Listed, PoolHostView
from shared.names import ROLLOUT_TAG
from shared.paging import page_of
from shared.services import Services


@dataclass(frozen=True)
class SeenHost:
    """A session host and its VM; None when the VM is gone."""

    broker: SessionHost
    machine: Machine | None

    @property
    def version(self) -> str | None:
        """The version its VM was made from."""
        return self.machine.version if self.machine else None

    @property
    def drain(self) -> Literal["none", "freshcoat", "operator"]:
        """Who keeps new sessions away."""
        if self.broker.accepting:
            return "none"
        return "freshcoat" if self.machine and ROLLOUT_TAG in self.machine.tags else "operator"


def see_hosts(services: Services, host_pool_id: str) -> list[SeenHost]:
    """All hosts of a host pool. Raises AzureError."""
    hosts = services.desktops.session_hosts(host_pool_id)
    machines = services.machines.machines(host.vm_id for host in hosts if host.vm_id)
    return [SeenHost(host, machines.get(host.vm_id.lower())) for host in hosts]


def list_hosts(
    services: Services, pool: Pool, rollout: Rollout | None, *, limit: int, continuation: str | None
) -> Listed[PoolHostView]:
    """A page of the pool's hosts by name, with their state in the running rollout. Raises AzureError."""
    seen = see_hosts(services, pool.host_pool_id)
    rows = {row.host: row for row in services.hosts.all(rollout.id)} if rollout else {}
    target = rollout.version if rollout else pool.version
    page = page_of(seen, lambda host: host.broker.name.lower(), limit=limit, continuation=continuation)
    views = [_view(host, target, rows.get(host.broker.name.lower())) for host in page.rows]
    return Listed[PoolHostView](items=views, continuation=page.continuation)


def _view(host: SeenHost, target: str | None, row: RolloutHost | None) -> PoolHostView:
    return PoolHostView(
        host=host.broker.name.lower(),
        vm_id=host.broker.vm_id,
        version=host.version,
        target=target,
        sessions=host.broker.sessions,
        status=host.broker.status,
        accepting=host.broker.accepting,
        drain=host.drain,
        power=host.machine.power if host.machine else "gone",
        state=row.state if row else None,
        reason=(row.error or row.reason) if row else "",
    )
