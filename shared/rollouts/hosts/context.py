"""One host during the steps of one call: its state, and how its row is written."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.errors import AzureError, NotFound
from shared.core.refusals import refusal_of, words_of
from shared.core.states import HostState, transition_host
from shared.core.steps import HOST_STEPS, StepResult
from shared.models.azure import Operation, SessionHost, VirtualMachine
from shared.models.base import refuse_newer
from shared.models.host_parts import AzureWait, WaitKind
from shared.models.messages import text_of
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, goal_of
from shared.planning.rebuild import has_version, may_be_on_target
from shared.services import POOLS, ROLLOUTS, Services
from shared.workflow import waiting
from shared.workflow.waiting import StepFailed


def is_on_target(context: HostContext, vm: VirtualMachine) -> bool:
    """Whether no destructive step is left: the disk has the version, and is not the disk to be replaced."""
    if not may_be_on_target(vm, context.row, context.rollout.kind):
        return False
    known = vm.os_disk_id is not None and not vm.ephemeral
    disk_version = context.disk_version(vm.os_disk_id or "") if known else None
    return has_version(vm, goal_of(context.rollout, context.row), disk_version)


AT_ONCE = 1.0
"""Seconds until a step with more work is called again."""


log = logging.getLogger("freshcoat.host")

SHARED_READ_SECONDS = 1.0
"""Seconds for which the steps of all hosts share one reading of their rollout and pool; twice as long during a new
reading. A step takes longer, so a command would arrive no earlier without it. Each step reads its own host's row."""


@dataclass
class HostContext:
    """One host during the steps of one call, and the only way to write its row.

    `note` changes the row at once and the table at the next `save`: before anything that cannot be determined again or
    undone, and at the end of the call.
    """

    services: Services
    rollout: Rollout
    pool: Pool
    row: RolloutHost
    dirty: bool = False
    """Whether the row has changes that the table does not have."""
    vm: VirtualMachine | None = None
    """The VM as a step just read it, for the next step of the same call; unchanged since."""
    seen: SessionHost | None = None
    """The host as the broker reported it, likewise."""
    looked_for: bool = False
    """Whether this call asked the broker and the host was not healthy: then it is not asked again."""
    _made_from: dict[str, str | None] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of a host, in order."""
        return HOST_STEPS

    @property
    def completed_step(self) -> str:
        """The last completed step of this attempt; empty if there is none."""
        return self.row.rebuild.completed_step

    @property
    def current_step(self) -> str:
        """The step that began last."""
        return self.row.step

    @property
    def step_since(self) -> datetime | None:
        """When the step started, not counting the time Azure was too busy."""
        return self.row.step_since

    @property
    def busy_since(self) -> datetime | None:
        """When the host's rebuild started: from then on it serves nobody, however long Azure is busy.

        A canary host waits for its checks besides, so for its return to service it is when these had passed.
        """
        return self.row.check.proved_at or self.row.taken_at

    @property
    def operation(self) -> Operation | None:
        """The running long operation."""
        return self.row.operation

    @property
    def waits_for(self) -> str:
        """What the step waits for, for people."""
        return self.row.operation.kind if self.row.operation else text_of(self.row.reason)

    @property
    def poll_eagerly(self) -> bool:
        """Whether other hosts wait for this one, or it must be drained at once: then it is polled often."""
        row = self.row
        return row.found.operator_drained or row.found.was_off or (row.canary and not row.rolling_back)

    @property
    def attempt_tag(self) -> str:
        """Names this attempt. Azure runs a command once per tag: each attempt, retry and refresh needs its own."""
        taken = f"{self.row.taken_at:%y%m%d%H%M%S}" if self.row.taken_at else "0"
        return f"{self.rollout.id}-{taken}-{self.row.attempt}"

    def disk_version(self, disk_id: str) -> str | None:
        """The id of the version a disk was created from, None if unknown. Read once per call: no rebuild both starts
        and ends within one."""
        if disk_id not in self._made_from:
            self._made_from[disk_id] = self.services.vms.disk_version(disk_id)
        return self._made_from[disk_id]

    def note(self, **changes: object) -> None:
        """Change the row; see `save`."""
        changed = self.row.replace(**changes)
        self.dirty |= changed is not self.row
        self.row = changed

    def note_rebuild(self, **changes: object) -> None:
        """Change the row's `rebuild`; see `save`."""
        self.note(rebuild=self.row.rebuild.replace(**changes))

    def save(self, **changes: object) -> None:
        """Write the row with these changes and all noted ones. Raises StaleRow: another run drives this host."""
        row = self.row.replace(**changes).stamped(self.services.now())
        self.row = self.services.hosts.replace(row)
        self.dirty = False

    def busy(self, step_since: datetime) -> None:
        """Note that Azure was too busy; `step_since` excludes the time it asked for."""
        self.note(step_since=step_since)

    def awaits_azure(self, answer: AzureError, seconds: float, kind: WaitKind = WaitKind.BUSY) -> None:
        """Note what Azure answered, and that it is asked again after so many seconds. Being busy ends no other wait."""
        now, before = self.services.now(), self.row.azure_wait
        same = before.kind is kind or (kind is WaitKind.BUSY and before.kind is WaitKind.HELD)
        self.note(
            azure_wait=AzureWait(
                kind=before.kind if same else kind,
                call=answer.call,
                answer=f"{answer.code}: {answer.message}",
                meaning=words_of(refusal_of(answer)),
                since=before.since if same else now,
                until=now + timedelta(seconds=seconds),
                tries=before.tries + (kind is WaitKind.HELD) if same else int(kind is WaitKind.HELD),
            )
        )

    def answered(self) -> None:
        """Azure is not busy any more. The time since the rebuild started counts for its limit, so that is not reset."""
        if self.row.azure_wait.kind is WaitKind.BUSY:
            self.note(azure_wait=AzureWait())

    def begin_step(self, name: str) -> None:
        """Note that this step begins."""
        now = self.services.now()
        trail = self.row.trail.begun(name, now, self.row.attempt)
        self.note(step=name, step_since=now, reason=None, trail=trail)

    def complete_step(self, name: str) -> None:
        """Note that this step is completed."""
        self.note_rebuild(completed_step=name)
        self.note(azure_wait=AzureWait(), trail=self.row.trail.ended(self.services.now(), ok=True))

    def move(self, state: HostState, **changes: object) -> None:
        """Change the host's state."""
        self.note(state=transition_host(self.row.host, self.row.state, state), **changes)


class GivenUp(StepFailed):
    """A step failed for good: another attempt would not help."""


def load(services: Services, given: dict[str, object]) -> HostContext | None:
    """The host named in `given`; None when this run no longer drives it: the host ended, was released, a newer run took
    over, or storage has lost its row. Raises NotFound without its pool."""
    rollout_id, host, recent = str(given["rollout"]), str(given["host"]), services.read_cache
    row = services.hosts.find(rollout_id, host)
    rollout = recent.get(
        ("rollout", rollout_id), SHARED_READ_SECONDS, lambda: services.rollouts.find(ROLLOUTS, rollout_id)
    )
    if rollout is None or row is None:
        return None
    if not row.state.in_work or row.engine_run != given["run"]:
        return None  # before the pool, which may be unregistered by now
    pool_name = rollout.pool
    pool = recent.get(("pool", pool_name), SHARED_READ_SECONDS, lambda: services.pools.find(POOLS, pool_name))
    if pool is None:
        raise NotFound("pool", rollout.pool)
    refuse_newer(row)  # before any change that the row could not record
    return HostContext(services, rollout, pool, row)


def poll_operation(context: HostContext, operation: Operation | None = None) -> StepResult | None:
    """Poll the operation on the host's VM once; None when there is none, or it has finished."""
    return waiting.poll_operation(context, context.services.vms.resume, operation)
