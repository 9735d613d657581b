"""What there is, by the world and the rows alone: no rule here is the product's own."""

from __future__ import annotations

import math

from shared.core.states import HostState, RolloutState
from shared.models.azure import SessionHost
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import App
from tests.fixtures.world.azure import HOST_POOL_ID

ENDS = {HostState.DONE, HostState.SKIPPED, HostState.FAILED}
OVER = {RolloutState.SUCCEEDED, RolloutState.FAILED, RolloutState.CANCELLED, RolloutState.ROLLED_BACK}
IN_HAND = {HostState.DRAINING, HostState.WAITING_FOR_LOGOFF, HostState.SIGNING_OUT}
IN_WORK = {HostState.REIMAGING, HostState.JOINING, HostState.VERIFYING}


class Sight:
    """Where the judges look. `steady`: hosts in service ever since the pool was made or they came into it; `first`:
    those that the pool was made with; `meddled`: hosts of which nobody can say any more how they have to end."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.acting = ""
        self.disturbed = False
        """Somebody has changed something during this look or step, after the product had read the pool."""
        self.hindered = False
        """A call was refused during this look or step."""
        self.unread: set[str] = set()
        """Hosts that have changed since the product last read them."""
        self.steady: set[str] = set()
        self.first: set[str] = set()
        self.meddled: set[str] = set()

    def broken(self, promise: int, what: str) -> None:
        """Write a broken promise down; it is found after the step. 0: what SPEC 2 says besides the promises."""
        text = f"promise {promise}" if promise else "SPEC 2"
        self.app.world.violations.append(f"{text}, {self.app.now:%d %H:%M:%S}, {self.acting}: {what}")

    @property
    def hosts(self) -> dict[str, SessionHost]:
        """The session hosts by their lower-case names."""
        return self.app.world.hosts[HOST_POOL_ID.lower()]

    @property
    def pool(self) -> Pool:
        """The pool's row."""
        found = self.app.tables.pools.peek(POOLS, "office")  # type: ignore[attr-defined]
        assert isinstance(found, Pool)
        return found

    def rollouts(self) -> list[Rollout]:
        """All rollouts."""
        found: list[Rollout] = self.app.tables.rollouts.peek_all()  # type: ignore[attr-defined]
        return found

    def newest(self) -> Rollout | None:
        """The rollout that was asked for last; a refresh is none."""
        asked = (rollout for rollout in self.rollouts() if rollout.kind is not RolloutKind.REFRESH)
        return min(asked, key=lambda rollout: rollout.id, default=None)

    def running(self) -> Rollout | None:
        """The rollout that holds the pool, if its row is there."""
        holder = self.pool.running_rollout
        return next((rollout for rollout in self.rollouts() if rollout.id == holder), None)

    def rows(self, rollout: str = "") -> list[RolloutHost]:
        """The rows of one rollout's hosts, or of all."""
        found: list[RolloutHost] = self.app.tables.hosts.peek_all()  # type: ignore[attr-defined]
        return [row for row in found if not rollout or row.rollout == rollout]

    def rollout(self) -> Rollout:
        """The one in whose name something is being done."""
        found = self.app.tables.rollouts.peek(ROLLOUTS, self.acting)  # type: ignore[attr-defined]
        assert isinstance(found, Rollout), f"nobody acts as {self.acting!r}"
        return found

    def row(self, host: str) -> RolloutHost | None:
        """The acting rollout's row of a host."""
        found: RolloutHost | None = self.app.tables.hosts.peek(self.acting, host.lower())  # type: ignore[attr-defined]
        return found

    def on_vm(self, vm_id: str) -> RolloutHost | None:
        """The acting rollout's row of the host on a VM."""
        return next((row for row in self.rows(self.acting) if row.vm_id.lower() == vm_id.lower()), None)

    def sessions(self, host: str) -> int:
        """Sessions on a host, in whatever pool."""
        everywhere = self.app.world.sessions.values()
        return sum(s.host.lower() == host.lower() for sessions in everywhere for s in sessions)

    def open_sessions(self) -> int:
        """Sessions on all hosts of the pool."""
        return len(self.app.world.sessions.get(HOST_POOL_ID.lower(), []))

    def disk_of(self, vm_id: str) -> str:
        """What tells the system on a VM from another one: its disk, or the VM itself when its disk is ephemeral."""
        machine = self.app.world.machines.get(vm_id.lower())
        return "" if machine is None else machine.os_disk_id or machine.unique_id

    def disk_version(self, vm_id: str) -> str | None:
        """What the VM's disk was really made from; None without a VM."""
        machine = self.app.world.machines.get(vm_id.lower())
        if machine is None or machine.os_disk_id is None:
            return machine and machine.version
        return self.app.world.disks.get(machine.os_disk_id, "").rpartition("/")[2]

    def serving(self) -> int:
        """Hosts on which somebody could log on now."""
        return sum(host.serving for host in self.hosts.values())

    def session_limit(self) -> int:
        """Sessions that a host takes; none without a host pool."""
        pool = self.app.world.pools.get(HOST_POOL_ID.lower())
        return pool.session_limit if pool else 0

    def forced(self, rollout: Rollout) -> bool:
        """Whether sessions may be ended."""
        return rollout.kind is not RolloutKind.REFRESH and self.app.now >= rollout.schedule.force_at

    def floor(self, rollout: Rollout, *, forced: bool) -> int:
        """Hosts that must accept sessions. In waves after `force_at` one host may always be taken."""
        # Out of service since a failure, be they tried again or not.
        left = {row.host for row in self.rows() if row.state is HostState.FAILED or row.drained_by_earlier_failure}
        share, steady = rollout.policy.min_available, len((self.steady & self.hosts.keys()) - left)
        floor = share if isinstance(share, int) else math.ceil(steady * int(share.rstrip("%")) / 100)
        return min(floor, max(0, steady - 1)) if forced else floor

    def in_words(self) -> list[str]:
        """The hosts, for a message."""
        hosts = self.hosts.items()
        return [f"{n} {'takes' if h.serving else h.status} {self.sessions(n)}" for n, h in hosts]
