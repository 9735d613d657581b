"""How every step of rebuilding a host runs: read, look whether it is done already, do a bit, write, say what next.

A step never waits. It answers `wait` and is called again after a durable timer. A step that is called
again after a crash finds out from the row and from Azure how far it had come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.errors import AzureBusy, AzureConflict, AzureError, AzureNotFound, FreshcoatError, NotFound
from shared.models.azure import Operation
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.ports import Engine
from shared.publishing import apply
from shared.publishing.outcome import STEPS, Outcome, Then
from shared.services import POOLS, ROLLOUTS, Services
from shared.states import HostState, move_host

log = logging.getLogger("freshcoat.host")


class StepFailed(FreshcoatError):
    """A step cannot succeed in this attempt: what it waited for did not come, or came wrong."""


@dataclass
class Work:
    """One host in one step: what is known of it, and the only way its row is written."""

    services: Services
    rollout: Rollout
    pool: Pool
    row: RolloutHost

    def save(self, **changes: object) -> None:
        """Write the row with these changes. Raises StaleRow: then somebody else drives this host."""
        self.row = self.services.hosts.replace(self.row.model_copy(update=changes))

    def move(self, state: HostState, **changes: object) -> None:
        """Write the row in another state."""
        self.save(state=move_host(self.row.host, self.row.state, state), **changes)


Step = Callable[[Work], Outcome]


def run_step(
    services: Services, engine: Engine, given: dict[str, object], name: str, step: Step, limit: float
) -> Outcome:
    """Run one step for the host named in `given`; `limit` is how long it may take in all, in seconds.

    Azure being busy, or working on the VM already, is waited for within the limit. Any other refusal, and
    the limit, cost an attempt; the last one makes the host `failed`: drained, its VM tagged with the reason.
    """
    work = _load(services, given)
    if work is None:
        return Outcome(Then.STOP)
    if _behind(work.row.phase, name):
        return Outcome(Then.NEXT)
    if work.row.step != name:
        work.save(step=name, step_since=services.now())
    try:
        outcome = _within(work, step, limit)
    except (StepFailed, AzureError) as error:
        outcome = _attempt_failed(work, name, error)
    if outcome.then is Then.NEXT and not _behind(work.row.phase, name):
        work.save(phase=name)
    if outcome.then is Then.STOP or work.row.state.ended:
        engine.nudge(work.rollout.id, work.rollout.engine_run, f"{work.row.host} is {work.row.state}")
        return Outcome(Then.STOP)
    return outcome


def _behind(phase: str, name: str) -> bool:
    """Whether step `name` is behind a host that has come as far as `phase`."""
    return bool(phase) and STEPS.index(phase) >= STEPS.index(name)


def _load(services: Services, given: dict[str, object]) -> Work | None:
    """The host's work; None when this run no longer drives it (it ended, was given back, or a newer run took over)."""
    rollout = services.rollouts.find(ROLLOUTS, str(given["rollout"]))
    row = services.hosts.find(str(given["rollout"]), str(given["host"]))
    if rollout is None or row is None:
        raise NotFound("host of a rollout", f"{given['rollout']}/{given['host']}")
    pool = services.pools.find(POOLS, rollout.pool)
    if pool is None:
        raise NotFound("pool", rollout.pool)
    if not row.state.in_work or row.engine_run != given["run"]:
        return None
    return Work(services, rollout, pool, row)


def _within(work: Work, step: Step, limit: float) -> Outcome:
    try:
        outcome = step(work)
    except AzureBusy as busy:
        outcome = Outcome(Then.WAIT, busy.retry_after or work.services.settings.azure_pause)
        _check_limit(work, limit, str(busy))
    except AzureConflict as conflict:
        outcome = Outcome(Then.WAIT, work.services.settings.operation_poll)
        _check_limit(work, limit, str(conflict))
    if outcome.then is Then.WAIT:
        _check_limit(work, limit, work.row.operation.kind if work.row.operation else "")
    return outcome


def _check_limit(work: Work, limit: float, waiting_for: str) -> None:
    since = work.row.step_since
    if since and work.services.now() > since + timedelta(seconds=limit):
        raise StepFailed(
            f"did not finish within {round(limit / 60)} minutes {f'({waiting_for})' if waiting_for else ''}"
        )


def _attempt_failed(work: Work, name: str, error: FreshcoatError) -> Outcome:
    """Another attempt, or the host's end."""
    why = f"{name}: {error}"
    log.warning("rollout %s: %s, attempt %d: %s", work.rollout.id, work.row.host, work.row.attempt, why)
    if work.row.attempt <= work.rollout.policy.retries:
        changes = {
            "attempt": work.row.attempt + 1,
            "phase": "",
            "operation": None,
            "error": why,
            "step": "trying again",
        }
        work.move(HostState.REIMAGING, **changes)
        return Outcome(Then.AGAIN)
    try:
        failed = apply.fail(work.services, work.row, why)
    except AzureBusy as busy:
        return Outcome(Then.WAIT, busy.retry_after or work.services.settings.azure_pause)
    except AzureError as untagged:
        log.warning("rollout %s: %s could not be tagged: %s", work.rollout.id, work.row.host, untagged)
        failed = apply.as_failed(work.row, why, work.services.now())
    work.row = work.services.hosts.replace(failed)
    return Outcome(Then.STOP)


def carry_on(work: Work, operation: Operation | None = None) -> Outcome | None:
    """Ask once how the running operation is doing (`operation`: one just started).

    None when there is none, or it has finished; else the wait until it is asked again.
    """
    if operation is None:
        if work.row.operation is None:
            return None
        try:
            operation = work.services.machines.resume(work.row.operation)
        except AzureNotFound:
            # Its URL has expired: look at the machine instead.
            work.save(operation=None)
            return None
        except AzureBusy:
            raise
        except AzureError:
            work.save(operation=None)
            raise
    if operation.done:
        work.save(operation=None)
        return None
    if operation != work.row.operation:
        work.save(operation=operation)
    return Outcome(Then.WAIT, operation.retry_after or work.services.settings.operation_poll)
