"""One host in the steps of one call: what is known of it, and how its row is written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.core.errors import NotFound
from shared.core.states import HostState, transition_host
from shared.core.steps import StepResult
from shared.models.azure import Operation, SessionHost, VirtualMachine, version_of
from shared.models.base import refuse_newer
from shared.models.messages import text_of
from shared.models.pools import Pool
from shared.models.rollouts import Goal, Rollout, RolloutHost, RolloutKind, goal_of
from shared.services import POOLS, ROLLOUTS, Services
from shared.workflow import waiting
from shared.workflow.waiting import StepFailed


def is_on_target(context: HostContext, machine: VirtualMachine) -> bool:
    """Whether nothing destructive is left to do: the disk holds the version, and is not the one that has to go."""
    row = context.row
    if row.disks.stale_id is not None and row.disks.stale_id == disk_identity(machine):
        return False
    if context.rollout.kind is RolloutKind.REFRESH and row.disks.stale_id is None and not row.rebuild.rebuilt:
        return False  # used: that it holds the version says nothing
    return has_version(context, machine, goal_of(context.rollout, row))


def disk_identity(machine: VirtualMachine) -> str | None:
    """What tells the VM's disk from the one before. An ephemeral disk is no resource: a replaced VM has another id,
    a re-imaged one nothing that differs."""
    return machine.unique_id if machine.ephemeral else machine.os_disk_id


def has_version(context: HostContext, machine: VirtualMachine, goal: Goal) -> bool:
    """Whether the VM's disk was made from this version."""
    says = version_of(machine, goal.definition_id) == goal.version
    if machine.os_disk_id is None or machine.ephemeral:
        return says
    made_from = context.disk_version(machine.os_disk_id)
    return says if made_from is None else made_from.lower() == goal.version_id.lower()


AT_ONCE = 1.0
"""Seconds until a step is called again that has more to do."""


log = logging.getLogger("freshcoat.host")

SHARED_READ_SECONDS = 1.0
"""Seconds for which the steps of all hosts go by one reading of their rollout and its pool, twice as many while one of
them reads it anew: a step takes longer, so a command given in that time would come as late. A host's own row is read
anew by each."""


@dataclass
class HostContext:
    """One host in the steps of one call: what is known of it, and the only way its row is written.

    What a step notes is in the row at once and in the table at the next `save`: before anything that cannot be found
    out again or taken back, and at the end of the call.
    """

    services: Services
    rollout: Rollout
    pool: Pool
    row: RolloutHost
    dirty: bool = False
    """Whether the row holds what the table does not."""
    machine: VirtualMachine | None = None
    """The VM as one step has just read it, for the next one of the same call: nothing has been done to it since."""
    seen: SessionHost | None = None
    """The host as the broker sees it, likewise."""
    looked_for: bool = False
    """Whether the broker was asked for the host in this call, and does not see it as healthy: it is not asked again."""
    _made_from: dict[str, str | None] = field(default_factory=dict)

    @property
    def step_since(self) -> datetime | None:
        """When the step was begun, less the time Azure was too busy."""
        return self.row.step_since

    @property
    def busy_since(self) -> datetime | None:
        """When the host was taken: from then on it serves nobody, whether Azure is busy all the time or not."""
        return self.row.taken_at

    @property
    def operation(self) -> Operation | None:
        """The long operation that is under way."""
        return self.row.operation

    @property
    def waits_for(self) -> str:
        """What the step waits for, in words."""
        return self.row.operation.kind if self.row.operation else text_of(self.row.reason)

    @property
    def poll_eagerly(self) -> bool:
        """Whether others wait for this host, or it may not get users when it registers: then it is looked at often."""
        row = self.row
        return row.found.operator_drained or row.found.was_off or (row.canary and not row.rolling_back)

    @property
    def attempt_tag(self) -> str:
        """Names this attempt: what Azure runs once per tag is run again by the next one, also by that of another try or
        of the next refresh."""
        taken = f"{self.row.taken_at:%y%m%d%H%M%S}" if self.row.taken_at else "0"
        return f"{self.rollout.id}-{taken}-{self.row.attempt}"

    def disk_version(self, disk_id: str) -> str | None:
        """The id of the version a disk was made from, None if it does not say. Asked once in a call: no rebuild is both
        begun and through within one."""
        if disk_id not in self._made_from:
            self._made_from[disk_id] = self.services.vms.disk_version(disk_id)
        return self._made_from[disk_id]

    def note(self, **changes: object) -> None:
        """Change the row; see `save`."""
        self.row = self.row.replace(**changes)
        self.dirty = True

    def note_rebuild(self, **changes: object) -> None:
        """Change the row's `rebuild`; see `save`."""
        self.note(rebuild=self.row.rebuild.replace(**changes))

    def save(self, **changes: object) -> None:
        """Write the row with these changes and all that was noted. Raises StaleRow: somebody else drives this host."""
        self.row = self.services.hosts.replace(self.row.replace(**changes))
        self.dirty = False

    def busy(self, step_since: datetime) -> None:
        """Note that Azure was too busy; `step_since` leaves the time out that it asks for."""
        self.note(step_since=step_since)

    def answered(self) -> None:
        """Nothing to note: what counts is when the host was taken."""

    def move(self, state: HostState, **changes: object) -> None:
        """Note that the host is in another state."""
        self.note(state=transition_host(self.row.host, self.row.state, state), **changes)


class GivenUp(StepFailed):
    """A step has failed for good: another attempt would not change it."""


Step = Callable[[HostContext], StepResult]


def load(services: Services, given: dict[str, object]) -> HostContext | None:
    """The work on the host named in `given`; None when this run no longer drives it: it ended, was given back, or a
    newer run took over. Raises NotFound."""
    rollout_id, host, recent = str(given["rollout"]), str(given["host"]), services.read_cache
    row = services.hosts.find(rollout_id, host)
    rollout = recent.get(
        ("rollout", rollout_id), SHARED_READ_SECONDS, lambda: services.rollouts.find(ROLLOUTS, rollout_id)
    )
    if rollout is None or row is None:
        raise NotFound("host of a rollout", f"{rollout_id}/{host}")
    pool_name = rollout.pool
    pool = recent.get(("pool", pool_name), SHARED_READ_SECONDS, lambda: services.pools.find(POOLS, pool_name))
    if pool is None:
        raise NotFound("pool", rollout.pool)
    if not row.state.in_work or row.engine_run != given["run"]:
        return None
    refuse_newer(row)  # before anything is done to the host that the row could not tell
    return HostContext(services, rollout, pool, row)


def poll_operation(context: HostContext, operation: Operation | None = None) -> StepResult | None:
    """Ask once how the operation on the host's VM is doing; None when there is none, or it has finished."""
    return waiting.poll_operation(context, context.services.vms.resume, operation)
