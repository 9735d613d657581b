"""Judges every act on a host before it is done, against the promises of SPEC 5.

What somebody else did during a look, after the product had read, is nobody's fault: `disturbed` and `unread` say so.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from shared.core.names import EXCLUSION_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import SessionHost
from shared.models.policy import Proof
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from tests.fixtures.app import App
from tests.promises.checks.left_out import LeftOut
from tests.promises.checks.snapshot_check import IN_HAND, IN_WORK, OVER
from tests.promises.checks.still_allowed import why_not_any_more

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NO_SIGN_OUT = {*OVER, RolloutState.PAUSED, RolloutState.CANCELLING, RolloutState.AWAITING_APPROVAL}


class Acts(LeftOut):
    """What `watched_azure` tells before it happens."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.secrets: set[str] = set(app.settings.secrets.values())
        self.drained_at: dict[str, datetime] = {}
        self.emptied_at: dict[tuple[str, str], datetime] = {}
        """When a rollout has first read that nobody is on a host any more. What the refresh of its pool reads of a host
        that it has in hand, it does not know."""
        self._people_read: defaultdict[str, set[str]] = defaultdict(set)
        self._peopled: defaultdict[str, set[str]] = defaultdict(set)
        self.text: set[str] = set()
        """Sessions for which a message was taken, or refused for good."""
        self._tags: dict[tuple[str, str], str] = {}
        self.bad_probes: set[str] = set()
        """VMs whose last probe has failed."""
        self.used: set[str] = set()
        """Disks that somebody has worked on, or that are not for us to know."""
        self.failed_on: set[str] = set()
        """Hosts that an attempt has failed on: whether they were rebuilt after their use cannot be told for sure."""
        self.begun: set[str] = set()
        """Hosts whose rebuild was on record when this look or step began."""
        self.reads_first = False
        """This look has not read the pool yet."""
        self.kept: dict[str, datetime] = {}
        """Disks that were left so that one can go back to them, and until when they are to be kept."""

    def reads(self, host: str, *, found: bool) -> None:
        """The product reads a host: what was done before is nothing it could not know. One that is not found may come
        at any time."""
        host = host.lower()
        (self.unread.discard if found else self.unread.add)(host)
        read, known = self._people_read[self.acting], self._peopled[self.acting]
        if self.sessions(host):
            read.add(host)
        elif host in read | known:
            self.emptied_at[self.acting, host] = self.app.now
            read.discard(host)
            known.discard(host)

    def reads_all(self) -> None:
        """A look reads all hosts, and plans on that. What its checks, requests and timers read besides is not planned
        on, so what happened before that reading can still not be known to the plan."""
        if not self.reads_first:
            return
        self.reads_first = False
        self.unread.clear()
        self.disturbed = False
        people = {s.host.lower() for sessions in self.app.world.sessions.values() for s in sessions}
        known = self._peopled[self.acting]
        self.emptied_at |= {(self.acting, host): self.app.now for host in known - people}
        self._people_read[self.acting], self._peopled[self.acting] = people, known & people

    def remembers(self) -> None:
        """Whom the product has read is on hosts, that it has written down."""
        self._peopled[self.acting] |= self._people_read[self.acting]

    def drains(self, host: str) -> None:
        """Promise 2: enough hosts accept sessions afterwards, with room for everybody."""
        rollout, seen, row = self.rollout(), self.hosts.get(host.lower()), self.row(host)
        fresh = row is not None and row.state in IN_WORK  # it has come back a moment ago and served nobody yet
        if not fresh:
            self.drained_at[host.lower()] = self.app.now
            self._has_its_turn(rollout, host)
            self.is_drained_again(row)
            if not self.disturbed:
                self.is_begun(row, "drained")
        if seen is None or not seen.serving or fresh or self.disturbed or self._floor_lifted(rollout):
            return
        forced = self.forced(rollout)
        if forced and not any(other.state in IN_HAND | IN_WORK for other in self.rows(self.acting) if other != row):
            return  # in waves after `force_at` one host may always be taken
        left, floor, limit = self.serving() - 1, self.floor(rollout, forced=forced), self.session_limit()
        if left < floor:
            self.broken(2, f"{host} is drained and leaves {left}, {floor} must serve: {self.in_words()}")
        if floor and not forced and left * limit < self.open_sessions():
            self.broken(2, f"{host} is drained and leaves room for {left * limit} of {self.open_sessions()} sessions")

    def _has_its_turn(self, rollout: Rollout, host: str) -> None:
        """A rollout that has begun goes before the refresh of its pool."""
        running = self.running() if rollout.kind is RolloutKind.REFRESH and not self.disturbed else None
        if running and running.started_at and running.state not in OVER:
            self.broken(0, f"{host} is to be made fresh while {running.id} has the pool")

    def _floor_lifted(self, rollout: Rollout) -> bool:
        return self.forced(rollout) and rollout.policy.after_force == "all"

    def signs_out(self, host: str) -> None:
        """Promise 1: no session is ended before `force_at`, and never for a refresh."""
        rollout = self.rollout()
        if not self.forced(rollout):
            self.broken(1, f"somebody on {host} is signed out before {rollout.schedule.force_at:%d %H:%M:%S}")
        if rollout.state in NO_SIGN_OUT:
            self.broken(1, f"somebody on {host} is signed out although it is {rollout.state}")

    def removes(self, host: str) -> None:
        """Promises 1 and 11: nothing is begun with a host that accepts or holds a session, was not seen empty twice, or
        for what is no longer so."""
        row, seen = self.row(host), self.hosts.get(host.lower())
        if row is None or row.state not in IN_WORK:
            self.broken(3, f"{host} is taken out of the pool while its row says {row and row.state}")
        elif seen is not None and host.lower() not in self.unread:
            self._is_free(row, seen)
        if row is not None and not self.disturbed:
            self._is_still_allowed(row)
            if row.host not in self.begun and row.attempt == 1:
                self.is_begun(row, "taken out of the pool")

    def _is_still_allowed(self, row: RolloutHost) -> None:
        swaps = row.rolling_back and row.rebuild.strategy == "swap"
        begun_before = row.host in self.begun or row.attempt > 1
        goal = row.goal_id.rpartition("/")[2] or self.rollout().version
        if swaps or begun_before or self.disk_version(row.vm_id) == goal:
            return
        if reason := why_not_any_more(self.app, self.rollout(), row):
            self.broken(11, f"{row.host} is begun although {reason}")

    def _is_free(self, row: RolloutHost, seen: SessionHost) -> None:
        if seen.serving:
            self.broken(1, f"{row.host} is taken out of the pool while it accepts sessions")
        if self.sessions(row.host):
            self.broken(1, f"{row.host} is taken out of the pool under a session")
        if row.attempt > 1 or row.rebuild.completed_step:
            return  # it has been out of service for long, or has come back and never served
        settle = timedelta(seconds=self.rollout().policy.settle_seconds)
        drained = self.drained_at.get(row.host, LONG_AGO)
        emptied = self.emptied_at.get((self.acting, row.host), LONG_AGO)
        if self.app.now < max(drained + settle, emptied) + settle:
            self.broken(1, f"{row.host} is taken, though drained at {drained:%H:%M:%S} and empty at {emptied:%H:%M:%S}")

    def works_on(self, vm_id: str, how: str, tag: str = "") -> None:
        """Promises 1 and 3: nobody is on it, it is ours, and nobody else's. With the same `tag` as before Azure, or our
        script, does nothing."""
        nothing = bool(tag) and self._tags.get((vm_id, how)) == tag
        self._tags[vm_id, how] = tag
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
        seen, machine = self.hosts.get(row.host), self.app.world.machines.get(vm_id.lower())
        accepts = seen and (seen.serving or (how == "switched off" and seen.accepting))
        if accepts and not nothing and row.host not in self.unread:
            self.broken(1, f"{row.host} is {how} while it accepts sessions")
        excluded = machine is None or EXCLUSION_TAG in machine.tags or how == "switched off"  # that is the last of it
        if not excluded and row.host not in self.meddled:
            self.broken(0, f"{row.host} is {how} while nothing keeps autoscale away")

    def rebuilds(self, vm_id: str, how: str) -> None:
        """Promises 1 and 3: nobody is on it or can come, and it is not what it is to be already."""
        self.works_on(vm_id, how)
        row, rollout = self.on_vm(vm_id), self.rollout()
        if row is None:
            return
        self._is_proved(row, rollout)
        self.begins(rollout.id, row.host, f"{row.taken_at}")
        goal = row.goal_id.rpartition("/")[2] or rollout.version
        on_goal, refreshes = self.disk_version(vm_id) == goal, rollout.kind is RolloutKind.REFRESH
        dead = row.disks.stale_id == self.app.world.machines[vm_id.lower()].os_disk_id
        if on_goal and not dead and not refreshes:
            self.broken(3, f"{row.host} is {how} although it is on {goal}")
        unsure = row.drained_by_earlier_failure or row.host in self.meddled | self.failed_on
        known = unsure or self.disk_of(vm_id) in self.used
        if on_goal and refreshes and not known:
            self.broken(3, f"{row.host} is {how} although nobody has used it since it was made")
        if row.rolling_back or rollout.kind is RolloutKind.ROLL_BACK:
            self.kept.pop(self.disk_of(vm_id), None)  # nobody wants to go back to what is being rolled back
        elif not refreshes:
            self._leaves_disk(row, rollout)

    def _is_proved(self, row: RolloutHost, rollout: Rollout) -> None:
        """Until one host is back in service, no more than the proof is beyond its first destructive call."""
        unasked = rollout.kind is RolloutKind.REFRESH or row.rolling_back or rollout.policy.proof is Proof.NONE
        rows = self.rows(rollout.id)
        shown = rollout.policy.proof is Proof.AUTO and self.pool.proof is not None
        if (
            unasked
            or shown
            or rollout.progress.canary_passed_at
            or any(other.state is HostState.DONE for other in rows)
        ):
            return
        lost = sum(other.state is HostState.FAILED and other.taken_at is not None for other in rows)
        others = sum(other.state in IN_WORK and bool(other.rebuild.strategy) for other in rows if other != row)
        allowed = max(1, rollout.policy.canary_hosts)
        if others + max(0, lost - rollout.failures.accepted) >= allowed:
            self.broken(0, f"{row.host} is begun though {others} others are and none is back; {allowed} may be")

    def _leaves_disk(self, row: RolloutHost, rollout: Rollout) -> None:
        """What one might go back to is kept for as long as the policy says."""
        machine, days = self.app.world.machines[row.vm_id.lower()], rollout.policy.keep_old_disk_days
        if machine.os_disk_id is None or machine.os_disk_id != row.disks.old_id:
            return
        if not days:  # its VM's own option decides, whatever an earlier rollout meant that failed to rebuild it
            self.kept.pop(machine.os_disk_id, None)
            return
        self.kept[machine.os_disk_id] = self.app.now + timedelta(days=days)
        if machine.os_disk_delete_option != "Detach" and row.host not in self.meddled:
            self.broken(0, f"{row.host} is rebuilt and its disk goes, which was to be kept for {days} days")

    def removes_disk(self, disk_id: str) -> None:
        """A kept disk stays for its time, and while a rollout might want it."""
        if self.app.now < self.kept.get(disk_id, self.app.now):
            self.broken(0, f"{disk_id} is removed before {self.kept[disk_id]:%d %H:%M}")
        if (running := self.running()) and running.state not in OVER:
            self.broken(0, f"{disk_id} is removed while {running.id} has the pool")

    def probes(self, vm_id: str) -> None:
        """Remember what the probe will say."""
        machine = self.app.world.machines.get(vm_id.lower())
        bad = machine is not None and machine.version in self.app.world.bad_versions
        (self.bad_probes.add if bad else self.bad_probes.discard)(vm_id.lower())

    def keeps_secret(self, *secrets: SecretStr | None) -> None:
        """Remember what must turn up nowhere."""
        self.secrets |= {secret.get_secret_value() for secret in secrets if secret}
