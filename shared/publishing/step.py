"""How every step of rebuilding a host runs: read, look whether it is done already, do a bit, write, say what next.

A step never waits. It answers `wait` and is called again after a durable timer. A step that is called
again after a crash finds out from the row and from Azure how far it had come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.core.errors import AzureBusy, AzureConflict, AzureError, FreshcoatError, NotFound
from shared.core.names import GIVE_BACK_HOST, SWAP
from shared.core.states import HostState, move_host
from shared.core.steps import HOST_STEPS, Outcome, Then, behind
from shared.models.azure import Machine, Operation, SessionHost
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.publishing import apply
from shared.publishing.keep_failed import switch_off_unless_kept
from shared.services import POOLS, ROLLOUTS, Services
from shared.workflow import waiting
from shared.workflow.waiting import StepFailed, within

log = logging.getLogger("freshcoat.host")

KNOWN_FOR = 1.0
"""Seconds for which the steps of all hosts go by one reading of their rollout and its pool, twice as many while one of
them reads it anew: a step takes longer, so a command given in that time would come as late. A host's own row is read
anew by each."""


@dataclass
class Work:
    """One host in the steps of one call: what is known of it, and the only way its row is written.

    What a step notes is in the row at once and in the table at the next `save`: before anything that cannot be found
    out again or taken back, and at the end of the call.
    """

    services: Services
    rollout: Rollout
    pool: Pool
    row: RolloutHost
    noted: bool = False
    """Whether the row holds what the table does not."""
    machine: Machine | None = None
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
        return self.row.operation.kind if self.row.operation else self.row.reason

    @property
    def closely(self) -> bool:
        """Whether others wait for this host, or it may not get users when it registers: then it is looked at often."""
        return self.row.operator_drained or self.row.was_off or (self.row.canary and not self.row.back)

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
            self._made_from[disk_id] = self.services.machines.disk_version(disk_id)
        return self._made_from[disk_id]

    def note(self, **changes: object) -> None:
        """Change the row; see `save`."""
        self.row = self.row.model_copy(update=changes)
        self.noted = True

    def save(self, **changes: object) -> None:
        """Write the row with these changes and all that was noted. Raises StaleRow: somebody else drives this host."""
        self.row = self.services.hosts.replace(self.row.model_copy(update=changes))
        self.noted = False

    def busy(self, step_since: datetime) -> None:
        """Note that Azure was too busy; `step_since` leaves the time out that it asks for."""
        self.note(step_since=step_since)

    def answered(self) -> None:
        """Nothing to note: what counts is when the host was taken."""

    def move(self, state: HostState, **changes: object) -> None:
        """Note that the host is in another state."""
        self.note(state=move_host(self.row.host, self.row.state, state), **changes)


class GivenUp(StepFailed):
    """A step has failed for good: another attempt would not change it."""


Step = Callable[[Work], Outcome]


def run_step(work: Work, name: str, step: Step, limit: float | None) -> Outcome:
    """Run one step; `limit` is how long it may take in all, in seconds; None: it ends by itself.

    Azure being busy, or working on the VM already, is waited for within the limit. Any other refusal, and
    the limit, cost an attempt; the last one makes the host `failed`: drained, its VM tagged with the reason.
    """
    if behind(HOST_STEPS, work.row.phase, name):
        return Outcome(Then.NEXT)
    if work.row.step != name:
        work.note(step=name, step_since=work.services.now(), reason="")
    if work.row.given_up:
        outcome = _come_to_its_end(work, name)
    else:
        try:
            outcome = within(work, lambda: step(work), limit)
        except (StepFailed, AzureError) as error:
            outcome = _attempt_failed(work, name, error)
    if outcome.then is Then.NEXT and not behind(HOST_STEPS, work.row.phase, name):
        work.note(phase=name)
    return Outcome(Then.STOP) if work.row.state.ended else outcome


def load(services: Services, given: dict[str, object]) -> Work | None:
    """The work on the host named in `given`; None when this run no longer drives it: it ended, was given back, or a
    newer run took over. Raises NotFound."""
    rollout_id, host, recent = str(given["rollout"]), str(given["host"]), services.recent
    row = services.hosts.find(rollout_id, host)
    rollout = recent.get(("rollout", rollout_id), KNOWN_FOR, lambda: services.rollouts.find(ROLLOUTS, rollout_id))
    if rollout is None or row is None:
        raise NotFound("host of a rollout", f"{rollout_id}/{host}")
    pool_name = rollout.pool
    pool = recent.get(("pool", pool_name), KNOWN_FOR, lambda: services.pools.find(POOLS, pool_name))
    if pool is None:
        raise NotFound("pool", rollout.pool)
    if not row.state.in_work or row.engine_run != given["run"]:
        return None
    return Work(services, rollout, pool, row)


def _attempt_failed(work: Work, name: str, error: FreshcoatError) -> Outcome:
    """Another attempt, or the host's end.

    A host that is healthy and only could not be given back is not rebuilt or joined again: people may be on it.
    """
    why = f"{name}: {error}"
    log.warning("rollout %s: %s, attempt %d: %s", work.rollout.id, work.row.host, work.row.attempt, why)
    if work.row.attempt <= work.rollout.policy.retries and not isinstance(error, GivenUp):
        next_attempt = {"attempt": work.row.attempt + 1, "operation": None, "error": why}
        if name == GIVE_BACK_HOST:
            work.note(**next_attempt, step_since=work.services.now())
            return Outcome(Then.WAIT, work.services.settings.operation_poll)
        afresh = {"phase": "", "rebuilt": False, "rebuild_asked": False, "step": "trying again"}
        work.move(HostState.REIMAGING, **next_attempt, **_anew(work.row), **afresh)
        return Outcome(Then.AGAIN)
    # Before anything of its end is done: what then has to wait must not run the step again, which could go well.
    work.save(given_up=True, error=why)
    return _come_to_its_end(work, name)


def _come_to_its_end(work: Work, name: str) -> Outcome:
    """Make the host `failed`, for the reason that is in its row; it is called again until Azure has time for it."""
    try:
        failed = _failed(work, name, work.row.error)
    except AzureBusy as busy:
        return Outcome(Then.WAIT, busy.retry_after or work.services.settings.azure_pause)
    except AzureConflict:
        return Outcome(Then.WAIT, work.services.settings.operation_poll)
    work.row = failed
    work.save()
    return Outcome(Then.STOP)


def _anew(row: RolloutHost) -> dict[str, object]:
    """A disk that was given back and did not come to life must go: the next attempt re-images."""
    if row.strategy != SWAP:
        return {}
    return {"strategy": "", "stale_disk_id": row.kept_disk_id, "kept_disk_id": None}


def _failed(work: Work, name: str, why: str) -> RolloutHost:
    if name == GIVE_BACK_HOST:
        return apply.fail_at_return(work.services, work.pool, work.row, why)
    failed = apply.fail(work.services, work.pool, work.row, why)
    switch_off_unless_kept(work.services, work.rollout, work.pool, work.row)
    return failed


def carry_on(work: Work, operation: Operation | None = None) -> Outcome | None:
    """Ask once how the operation on the host's VM is doing; None when there is none, or it has finished."""
    return waiting.carry_on(work, work.services.machines.resume, operation)
