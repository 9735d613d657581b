"""Judges every act against the promises of SPEC 5, by the world and the rows alone: no rule here is the product's own.

What somebody else did during a look, after the product had read, is nobody's fault: `disturbed` says so.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import SecretStr

from shared.models.azure import SessionHost
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.services import POOLS, ROLLOUTS
from shared.states import HostState, RolloutState
from tests.fixtures.app import App
from tests.fixtures.azure_world import HOST_POOL_ID

ENDS = {HostState.DONE, HostState.SKIPPED, HostState.FAILED}
OVER = {RolloutState.SUCCEEDED, RolloutState.FAILED, RolloutState.CANCELLED, RolloutState.ROLLED_BACK}
IN_HAND = {HostState.DRAINING, HostState.WAITING_FOR_LOGOFF, HostState.SIGNING_OUT}
IN_WORK = {HostState.REIMAGING, HostState.JOINING, HostState.VERIFYING}


class Watch:
    """Fulfils `watched_azure.Judge`. `steady`: hosts in service ever since the pool was made or they came into it;
    `first`: those that the pool was made with."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.acting = ""
        self.disturbed = False
        self.steady: set[str] = set()
        self.first: set[str] = set()
        self.secrets: set[str] = set()
        self.ended: dict[tuple[str, str], RolloutHost] = {}

    def broken(self, promise: int, what: str) -> None:
        """Write a broken promise down; it is found after the step."""
        self.app.world.violations.append(f"promise {promise}, {self.app.now:%d %H:%M:%S}, {self.acting}: {what}")

    # What there is, by the world and the rows.

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

    def rows(self, rollout: str = "") -> list[RolloutHost]:
        """The rows of one rollout's hosts, or of all."""
        found: list[RolloutHost] = self.app.tables.hosts.peek_all()  # type: ignore[attr-defined]
        return [row for row in found if not rollout or row.rollout == rollout]

    def rollout(self) -> Rollout:
        """The one in whose name something is being done."""
        found = self.app.tables.rollouts.peek(ROLLOUTS, self.acting)  # type: ignore[attr-defined]
        assert isinstance(found, Rollout), f"nobody acts as {self.acting!r}"
        return found

    def on_vm(self, vm_id: str) -> RolloutHost | None:
        """The acting rollout's row of the host on a VM."""
        return next((row for row in self.rows(self.acting) if row.vm_id.lower() == vm_id.lower()), None)

    def sessions(self, host: str = "") -> int:
        """Sessions on a host, in whatever pool; on all hosts of the pool."""
        everywhere = self.app.world.sessions.values()
        return sum(not host or s.host.lower() == host.lower() for sessions in everywhere for s in sessions)

    def disk_version(self, vm_id: str) -> str | None:
        """What the VM's disk was really made from; None without a VM."""
        machine = self.app.world.machines.get(vm_id.lower())
        if machine is None or machine.os_disk_id is None:
            return machine and machine.version
        return self.app.world.disks.get(machine.os_disk_id, "").rpartition("/")[2]

    # What the product is about to do.

    def drains(self, host: str) -> None:
        """Promise 2: enough hosts accept sessions afterwards, with room for everybody."""
        rollout, seen = self.rollout(), self.hosts.get(host.lower())
        row = next((row for row in self.rows(self.acting) if row.host == host.lower()), None)
        fresh = row is not None and row.state in IN_WORK  # it has come back a moment ago and served nobody yet
        if seen is None or not seen.serving or fresh or self.disturbed or self._floor_lifted(rollout):
            return
        forced = self.app.now >= rollout.schedule.force_at
        if forced and not any(other.state in IN_HAND | IN_WORK for other in self.rows(self.acting) if other != row):
            return  # in waves after `force_at` one host may always be taken
        left, floor = sum(other.serving for other in self.hosts.values()) - 1, self._floor(rollout, forced=forced)
        limit = self.app.world.pools[HOST_POOL_ID.lower()].session_limit
        if left < floor:
            self.broken(2, f"{host} is drained and leaves {left}, {floor} must serve: {self._in_words()}")
        if floor and not forced and left * limit < self.sessions():
            self.broken(2, f"{host} is drained and leaves room for {left * limit} of {self.sessions()} sessions")

    def _in_words(self) -> list[str]:
        hosts = self.hosts.items()
        return [f"{n} {'takes' if h.serving else h.status} {self.sessions(n)}" for n, h in hosts]

    def _floor_lifted(self, rollout: Rollout) -> bool:
        forced = rollout.kind is not RolloutKind.REFRESH and self.app.now >= rollout.schedule.force_at
        return forced and rollout.policy.after_force == "all"

    def _floor(self, rollout: Rollout, *, forced: bool) -> int:
        """Hosts that must accept sessions. In waves after `force_at` one host may always be taken."""
        # Out of service since a failure, be they tried again or not.
        left = {row.host for row in self.rows() if row.state is HostState.FAILED or row.left_drained}
        share, steady = rollout.policy.min_available, len((self.steady & self.hosts.keys()) - left)
        floor = share if isinstance(share, int) else math.ceil(steady * int(share.rstrip("%")) / 100)
        return min(floor, max(0, steady - 1)) if forced else floor

    def signs_out(self, host: str) -> None:
        """Promise 1: no session is ended before `force_at`, and never for a refresh."""
        rollout = self.rollout()
        if rollout.kind is RolloutKind.REFRESH or self.app.now < rollout.schedule.force_at:
            self.broken(1, f"somebody on {host} is signed out before {rollout.schedule.force_at:%d %H:%M:%S}")
        if rollout.state in {*OVER, RolloutState.PAUSED, RolloutState.CANCELLING, RolloutState.AWAITING_APPROVAL}:
            self.broken(1, f"somebody on {host} is signed out although it is {rollout.state}")

    def works_on(self, vm_id: str, how: str) -> None:
        """Promises 1 and 3: nobody is on it, it is ours, and nobody else's."""
        row = self.on_vm(vm_id)
        if row is None or row.state not in IN_WORK:
            self.broken(3, f"{vm_id} is {how} while its row says {row and row.state}")
            return
        if self.sessions(row.host):
            self.broken(1, f"{row.host} is {how} under a session")
        others = [other for other in self.rows() if other.host == row.host and other.rollout != row.rollout]
        if any(other.state in IN_HAND | IN_WORK for other in others):
            self.broken(3, f"{row.host} is {how} while another rollout has it in hand")
        if self.acting not in {self.pool.running_rollout, self.pool.refresh_rollout}:
            self.broken(3, f"{row.host} is {how} by a rollout that does not hold the pool")
        seen = self.hosts.get(row.host)
        if how == "switched off" and seen and seen.accepting:
            self.broken(1, f"{row.host} is switched off while it accepts sessions")

    def rebuilds(self, vm_id: str, how: str, version_id: str = "") -> None:
        """Promises 1 and 3: nobody is on it or can come, and it is not what it is to be already."""
        self.works_on(vm_id, how)
        row, rollout = self.on_vm(vm_id), self.rollout()
        if row is None:
            return
        seen = self.hosts.get(row.host)
        if seen and seen.accepting:
            self.broken(1, f"{row.host} is {how} while it accepts sessions")
        goal = row.goal_id.rpartition("/")[2] or rollout.version
        dead = row.stale_disk_id == self.app.world.machines[vm_id.lower()].os_disk_id
        if self.disk_version(vm_id) == goal and not dead and rollout.kind is not RolloutKind.REFRESH:
            self.broken(3, f"{row.host} is {how} although it is on {goal}")

    def keeps_secret(self, *secrets: SecretStr | None) -> None:
        """Remember what must turn up nowhere."""
        self.secrets |= {secret.get_secret_value() for secret in secrets if secret}

    # After every step.

    def after_step(self) -> None:
        """Promise 3: one open rollout holds the pool, and a host that has ended has ended."""
        kept = {rollout.id: rollout for rollout in self.rollouts()}
        holds = [r.id for r in kept.values() if r.state not in OVER and r.kind is not RolloutKind.REFRESH and r.look]
        acts = [rollout for rollout in holds if any(row.state in IN_HAND | IN_WORK for row in self.rows(rollout))]
        if len(acts) > 1:
            self.broken(3, f"{acts} are all at the pool's hosts")
        for row in self.rows():
            before = self.ended.get((row.rollout, row.host))
            if before and row.state is not before.state and not self._may_begin_again(kept[row.rollout], before):
                self.broken(3, f"{row.host} of {row.rollout} was {before.state} and is {row.state}")
            if row.state in ENDS:
                self.ended[row.rollout, row.host] = row
            else:
                self.ended.pop((row.rollout, row.host), None)

    def _may_begin_again(self, rollout: Rollout, before: RolloutHost) -> bool:
        """A host goes back once, a failed one is tried again when somebody says so, a refresh goes on for ever."""
        touched = before.state is not HostState.SKIPPED or self._born_on_the_target(rollout, before)
        goes_back = rollout.going_back and not before.back and touched
        retried = before.state is HostState.FAILED and rollout.retried_at is not None
        return rollout.kind is RolloutKind.REFRESH or goes_back or retried

    def _born_on_the_target(self, rollout: Rollout, before: RolloutHost) -> bool:
        """Whether the host came while the rollout gave its version to new hosts: it goes back with the others, unless
        it has gone since."""
        came = before.ended_at is not None and rollout.canary_passed_at is not None
        return came and before.host not in self.first and self.disk_version(before.vm_id) in {rollout.version, None}

    def kept_anywhere(self, *others: Any) -> list[str]:
        """Promise 8: the secrets that are in a row of any table, or in anything else that is given."""
        tables = self.app.tables
        lean: list[Any] = [tables.accounts, tables.pools, tables.images, tables.versions, tables.tasks]
        lean += [tables.promotions, tables.rollouts, tables.hosts, tables.disks, tables.answers, tables.audit]
        texts = [record.model_dump_json() for table in lean for record in table.peek_all()]
        texts += [repr(other) for other in others]
        return [secret for secret in self.secrets if any(secret in text for text in texts)]
