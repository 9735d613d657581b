"""What the tests of kept disks share: an app with a pool, its hosts' disks, and rows about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from shared.core.states import RolloutState
from shared.models.azure import Machine
from shared.models.kept_disks import KeptDisk
from shared.models.policy import PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.rollouts import Rollout, RolloutHost, Schedule
from shared.rollouts.old_disks.cleanup import tidy_disks
from shared.rollouts.old_disks.registry import kept_for, note_kept, note_left
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import App, office
from tests.fixtures.azure_world import DEFINITION_ID, version_id_of, vm_id_of
from tests.fixtures.builders import NEW, OLD

HOSTS = tuple(f"h{number}.contoso.local" for number in range(3))
HOST = HOSTS[0]
VM = vm_id_of(HOST)


@dataclass
class Shelf:
    """The pool `office` of three hosts on 1.0.0, whose disks are kept or left."""

    app: App = field(default_factory=office)

    def rollout(self, rollout_id: str = "r-1", days: int = 7, state: RolloutState = RolloutState.RUNNING) -> Rollout:
        """A rollout of the pool; written, and holding the pool, unless it has ended."""
        now = self.app.now
        made = Rollout(
            id=rollout_id, pool="office", state=state, image="win11", definition_id=DEFINITION_ID, version=NEW,
            version_id=version_id_of(NEW), replicas=1, from_version=OLD, created_at=now,
            schedule=Schedule(mode=ScheduleMode.NOW, begin_at=now, force_at=now, time_zone="UTC"),
            policy=resolve_policy(ScheduleMode.NOW, PolicyOverrides(keep_old_disk_days=days)),
        )  # fmt: skip
        if not state.ended:
            self.app.tables.rollouts.add(made)
            self.hold(rollout_id)
        return made

    def hold(self, rollout_id: str = "") -> None:
        """Have a rollout hold the pool, or none."""
        self.app.tables.pools.replace(self.app.pool().model_copy(update={"running_rollout": rollout_id}))

    def end(self, rollout_id: str = "r-1") -> None:
        """The rollout ends and releases the pool."""
        found = self.app.tables.rollouts.find(ROLLOUTS, rollout_id)
        assert found
        self.app.tables.rollouts.replace(found.model_copy(update={"state": RolloutState.SUCCEEDED}))
        self.hold()

    def unregister(self) -> None:
        """The pool is registered no more."""
        found = self.app.tables.pools.find(POOLS, "office")
        assert found
        self.app.tables.pools.remove(found)

    def row(self, host: str = HOST) -> RolloutHost:
        """A host as a rollout has it."""
        return RolloutHost(rollout="r-1", host=host, vm_id=vm_id_of(host))

    def machine(self, host: str = HOST, **changes: object) -> Machine:
        """The host's VM; its disk is to stay."""
        found = self.app.world.machines[vm_id_of(host).lower()]
        return found.model_copy(update={"os_disk_delete_option": "Detach", **changes})

    def note(self, host: str = HOST, *, days: int = 7, version_id: str = version_id_of(OLD), **changes: object) -> str:
        """Note a host's disk; its id."""
        machine = self.machine(host, **changes)
        rollout = self.rollout(days=days, state=RolloutState.SUCCEEDED)
        note_kept(self.app.services, rollout, self.row(host), machine, version_id)
        return machine.os_disk_id or ""

    def keep(self, host: str = HOST, *, days: int = 7) -> str:
        """Note a host's disk, and rebuild the host to 2.0.0; the id of the disk it has left."""
        disk = self.note(host, days=days)
        self.put_under(host, self.app.world.new_disk(vm_id_of(host), version_id_of(NEW)))
        return disk

    def leave(self, disk: str, host: str = HOST) -> None:
        """Note a disk as of no use."""
        note_left(self.app.services, self.rollout(state=RolloutState.SUCCEEDED), self.row(host), disk)

    def put_under(self, host: str, disk: str) -> None:
        """The host is on this disk from now on."""
        changes = {"os_disk_id": disk, "os_disk_delete_option": "Detach"}
        self.app.world.machines[vm_id_of(host).lower()] = self.machine(host).model_copy(update=changes)

    def found(self, version: str = OLD, vm_id: str = VM) -> str | None:
        """The id of the disk a roll-back of the host would take."""
        kept = kept_for(self.app.services, "office", vm_id, version_id_of(version))
        return kept.disk_id if kept else None

    def over(self) -> list[str]:
        """A disk of each host, of no use any more; the first host's for the longest time."""
        disks = []
        for host in HOSTS:
            disks.append(self.keep(host))
            self.app.later(minutes=1)
        self.run_out()
        return disks

    def run_out(self) -> None:
        """Let so much time pass that no kept disk is kept any more."""
        self.app.later(days=7)

    def tidy(self) -> list[str]:
        """One run of the timer; the names of the disks it began to remove."""
        return tidy_disks(self.app.services)

    def tidied(self, runs: int = 4) -> None:
        """Let the timer run a few times."""
        for _ in range(runs):
            self.app.later(hours=1)
            self.tidy()

    @property
    def rows(self) -> list[KeptDisk]:
        """All rows."""
        return self.app.tables.disks.every()

    @property
    def row_of_it(self) -> KeptDisk:
        """The only row."""
        (only,) = self.rows
        return only

    @property
    def disks(self) -> set[str]:
        """The disks there are, of no host."""
        held = {machine.os_disk_id for machine in self.app.world.machines.values()}
        return set(self.app.world.disks) - held

    def days_left(self) -> float:
        """How long the only disk is kept from now on."""
        return (self.row_of_it.keep_until - self.app.now) / timedelta(days=1)
