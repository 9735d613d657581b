"""What others do to the pool: people who log on and off, autoscale, operators by hand, somebody who deletes VMs.

They keep to what Azure allows them. What they have left behind is remembered, so that it can be asked for at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.core.names import EXCLUDE_TAG, EXCLUSION_TAG, ROLLOUT_TAG
from shared.models.azure import SessionHost
from tests.fixtures.world.azure import HOST_POOL_ID, version_id_of
from tests.promises.scenario import Stage

POOL = HOST_POOL_ID.lower()


@dataclass
class Outside:
    """Everybody but us. `who` picks a host by its number among those that it may happen to."""

    stage: Stage
    drained: dict[str, bool | None] = field(default_factory=dict)
    """Whether a host is drained as far as its operators go; None: they changed it while it was ours."""
    off: dict[str, bool] = field(default_factory=dict)
    exclusion: dict[str, str | None] = field(default_factory=dict)
    """What operators have set as the tag that keeps autoscale away."""
    options: dict[str, str | None] = field(default_factory=dict)
    """The delete option of its OS disk."""
    visited: set[str] = field(default_factory=set)
    """Hosts on which somebody has logged on."""
    number: int = 100

    def __post_init__(self) -> None:
        for name, host in self.hosts.items():
            machine = self.world.machines[host.vm_id.lower()]
            self.drained[name] = not host.accepting
            self.off[name] = not machine.running
            self.exclusion[name] = machine.tags.get(EXCLUSION_TAG)
            self.options[name] = machine.os_disk_delete_option

    @property
    def world(self):
        """The Azure in memory."""
        return self.stage.app.world

    @property
    def hosts(self) -> dict[str, SessionHost]:
        """The session hosts of the pool."""
        return self.stage.watch.hosts

    @property
    def meddled(self) -> set[str]:
        """Hosts whose VM was deleted, or whose state was changed during a look: nobody can say how they have to end."""
        return self.stage.watch.meddled

    def _pick(self, who: int, *names: str) -> str | None:
        return sorted(names)[who % len(names)] if names else None

    def _tags(self, host: str) -> dict[str, str]:
        machine = self.world.machines.get(self.hosts[host].vm_id.lower())
        return machine.tags if machine else {}

    def _ours(self, host: str) -> bool:
        return ROLLOUT_TAG in self._tags(host)

    def _change(self, host: str, **changes: object) -> None:
        self.hosts[host] = self.hosts[host].model_copy(update=changes)

    def _unsteady(self, host: str) -> None:
        watch = self.stage.watch
        watch.steady.discard(host)
        if watch.disturbed:
            watch.unread.add(host)
            self.meddled.add(host)

    # People.

    def log_on(self, who: int) -> None:
        """The broker sends somebody to a host that accepts sessions and has room."""
        limit = self.stage.watch.session_limit()
        free = [name for name, host in self.hosts.items() if host.serving and len(self._on(name)) < limit]
        if host := self._pick(who, *free):
            self._get_on(host, "Disconnected" if who % 5 == 4 else "Active")

    def slip_in(self, who: int) -> None:
        """Somebody gets onto a drained host whom the broker had sent there before, or who has other ways."""
        drained = [name for name, host in self.hosts.items() if host.status == "Available" and not host.accepting]
        if host := self._pick(who, *drained):
            self._get_on(host, "Active")

    def visit(self, who: int) -> None:
        """So does somebody, and leaves again soon."""
        before = self.number
        self.slip_in(who)
        if self.number > before:
            user = f"user{self.number}"
            self.stage.later(60.0 * (1 + who % 6), lambda: self._leaves(user))

    def _leaves(self, user: str) -> None:
        for pool, sessions in self.world.sessions.items():
            self.world.sessions[pool] = [session for session in sessions if session.user != user]

    def _get_on(self, host: str, state: str) -> None:
        watch = self.stage.watch
        self.number += 1
        self.world.log_on(host, f"user{self.number}", state=state)
        self.visited.add(host)
        watch.used.add(watch.disk_of(self.hosts[host].vm_id))
        if watch.disturbed:
            watch.unread.add(host)

    def _on(self, host: str) -> list[str]:
        return self.world.users_on(host)

    def log_off(self, who: int) -> None:
        """Everybody on one host logs off."""
        if host := self._pick(who, *{s.host.lower() for s in self.world.sessions.get(POOL, [])}):
            self.world.log_off(host)
            if who % 4:  # its agent may be silent
                self.stage.report_logoff(host)

    def one_leaves(self, who: int) -> None:
        """One of all sessions ends."""
        sessions = self.world.sessions.get(POOL, [])
        if sessions:
            sessions.pop(who % len(sessions))

    def disconnect(self, who: int) -> None:
        """Somebody closes the lid."""
        sessions = self.world.sessions.get(POOL, [])
        if sessions:
            at = who % len(sessions)
            sessions[at] = sessions[at].model_copy(update={"state": "Disconnected"})

    # Autoscale. It leaves a machine with the exclusion tag alone.

    def switch_off(self, who: int) -> None:
        """An idle host is switched off."""
        idle = [
            name
            for name, host in self.hosts.items()
            if host.serving and not self._on(name) and EXCLUSION_TAG not in self._tags(name)
        ]
        if host := self._pick(who, *idle):
            self._power(host, "deallocated", "Shutdown")

    def switch_on(self, who: int) -> None:
        """A host that is off is switched on."""
        off = [n for n, h in self.hosts.items() if h.status == "Shutdown" and EXCLUSION_TAG not in self._tags(n)]
        if host := self._pick(who, *off):
            self._power(host, "running", "Available")

    def _power(self, host: str, power: str, status: str) -> None:
        vm_id = self.hosts[host].vm_id
        if vm_id.lower() not in self.world.machines or self.world.busy(vm_id):
            return
        self.world.change_machine(vm_id, power=power)
        self._change(host, status=status)
        self.off[host] = power != "running"
        self._unsteady(host)

    def add_host(self, version: str | None) -> None:
        """A burst host comes, made from the version the product gives out; None: it gives out none."""
        if version is None or len(self.hosts) >= 8 or POOL not in self.world.pools:
            return
        self.number += 1
        name = f"b{self.number}"
        self.world.add_host(name, version=version)
        self.drained[name], self.off[name], self.exclusion[name] = False, False, None
        if not self.stage.watch.disturbed:
            self.stage.watch.steady.add(name)

    def remove_host(self, who: int) -> None:
        """A host that nobody has in hand is deleted with its VM."""
        free = [n for n, h in self.hosts.items() if not self._on(n) and EXCLUSION_TAG not in self._tags(n)]
        if len(self.hosts) > 2 and (host := self._pick(who, *free)):
            vm_id = self.hosts[host].vm_id
            if not self.world.busy(vm_id):
                del self.hosts[host]
                self.world.machines.pop(vm_id.lower(), None)
                self._unsteady(host)

    # Operators by hand.

    def move(self, who: int) -> None:
        """An operator registers a host with another host pool, where somebody logs on to it; not just one that comes
        back from its rebuild."""
        coming = {row.host for row in self.stage.watch.rows() if row.removed_from_pool}
        free = [n for n, h in self.hosts.items() if h.status == "Available" and n not in coming and not self._on(n)]
        host = self._pick(who, *free)
        if host and len(self.hosts) > 2 and not self.world.busy(self.hosts[host].vm_id):
            self.meddled.add(host)
            self._unsteady(host)
            self.number += 1
            self.world.move_host(host, f"user{self.number}")

    def drain(self, who: int) -> None:
        """An operator drains a host, ours or not."""
        self._accept(who, accepting=False)

    def undrain(self, who: int) -> None:
        """An operator undrains a host, ours or not."""
        self._accept(who, accepting=True)

    def tag(self, who: int) -> None:
        """An operator marks a host to be left out."""
        self._mark(who, {EXCLUDE_TAG: ""})

    def untag(self, who: int) -> None:
        """An operator takes that back."""
        self._mark(who, {})

    def _mark(self, who: int, mark: dict[str, str]) -> None:
        host = self._pick(who, *(name for name, h in self.hosts.items() if h.vm_id.lower() in self.world.machines))
        if host and not self.world.busy(self.hosts[host].vm_id):
            others = {name: value for name, value in self._tags(host).items() if name != EXCLUDE_TAG}
            self.world.change_machine(self.hosts[host].vm_id, tags=others | mark)

    def _accept(self, who: int, *, accepting: bool) -> None:
        changing = [name for name, host in self.hosts.items() if host.accepting is not accepting]
        host = self._pick(who, *changing)
        if host is None:
            return
        if accepting and not self.stage.watch.disturbed:
            self.stage.watch.undrains(host)
        if not accepting:
            self.stage.watch.drains_by_hand(host)
        self._change(host, accepting=accepting)
        self.drained[host] = None if self._ours(host) else not accepting
        self._unsteady(host)

    def delete_vm(self, who: int) -> None:
        """Somebody deletes a VM; its users are gone, its session host stays as a ghost."""
        there = [name for name, host in self.hosts.items() if host.vm_id.lower() in self.world.machines]
        host = self._pick(who, *there)
        if host is None or len(there) < 3:
            return
        vm_id = self.hosts[host].vm_id
        self.world.machines.pop(vm_id.lower())
        for token in [token for token, running in self.world.running.items() if running.target == vm_id.lower()]:
            del self.world.running[token]
        self.world.log_off(host)
        self._change(host, status="Unavailable")
        self.meddled.add(host)
        self._unsteady(host)

    def recreate(self, who: int, version: str = "1.0.0") -> None:
        """Somebody deletes a VM and creates it again."""
        there = [
            name
            for name, host in self.hosts.items()
            if host.vm_id.lower() in self.world.machines and not self.world.busy(host.vm_id) and not self._on(name)
        ]
        if host := self._pick(who, *there):
            self.world.recreate(host, version)
            self.stage.watch.used.add(self.stage.watch.disk_of(self.hosts[host].vm_id))
            self.meddled.add(host)
            self._unsteady(host)

    def version_id(self, version: str) -> str:
        """ARM id of a version."""
        return version_id_of(version)
