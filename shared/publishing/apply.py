"""Carrying out the plan of one look: many hosts in one activity, with bounded concurrency.

A host's row is written before Azure is changed (what is to be given back) and after (what was done). A
crash in between leaves a row that the next look understands. Azure being busy costs the hosts concerned
one look, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from shared.errors import AzureBusy, AzureError
from shared.models.azure import Machine, UserSession
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import Act, Decision, SessionWarning
from shared.publishing import custody
from shared.services import Services
from shared.states import HostState, RolloutState, move_host

CONCURRENCY = 16
BATCH = 100
"""Hosts of one kind that one look changes at the most: ARM takes 10 writes/s (azure-facts 5), and an activity
should end within a minute."""


@dataclass
class Applied:
    """What came of the commands: rows as they are to be written, and what Azure asked for."""

    rows: dict[str, RolloutHost] = field(default_factory=dict)
    busy: bool = False
    retry_after: float = 0.0
    left_over: bool = False
    """More was planned than one look does: look again at once."""

    def put(self, row: RolloutHost) -> None:
        """Remember how a row is to be written."""
        self.rows[row.host] = row


class Hands:
    """Carries out decisions on the hosts of one rollout. One object per look."""

    def __init__(self, services: Services, rollout: Rollout, pool: Pool, rows: dict[str, RolloutHost]) -> None:
        self.services, self.rollout, self.pool, self.rows = services, rollout, pool, rows
        self.applied = Applied()

    def each(
        self,
        hosts: Iterable[str],
        act: Callable[[RolloutHost], RolloutHost],
        *,
        on_error: Callable[[RolloutHost, AzureError], RolloutHost] | None = None,
    ) -> None:
        """Do `act` with each host, at most BATCH of them; what Azure is too busy for stays for the next look.

        Another Azure error is `on_error`'s; without it the row keeps as it is, with the error in it.
        """
        chosen = list(hosts)
        self.applied.left_over |= len(chosen) > BATCH
        with ThreadPoolExecutor(CONCURRENCY) as threads:
            for row in threads.map(lambda host: self._one(self.rows[host], act, on_error), chosen[:BATCH]):
                self.rows[row.host] = row
                self.applied.put(row)

    def _one(
        self,
        row: RolloutHost,
        act: Callable[[RolloutHost], RolloutHost],
        on_error: Callable[[RolloutHost, AzureError], RolloutHost] | None,
    ) -> RolloutHost:
        try:
            return act(row)
        except AzureBusy as busy:
            self.applied.busy = True
            self.applied.retry_after = max(self.applied.retry_after, busy.retry_after or 0.0)
            return row
        except AzureError as error:
            return on_error(row, error) if on_error else row.model_copy(update={"error": str(error)})


def skip(row: RolloutHost, why: str, now: datetime) -> RolloutHost:
    """The host's end: nothing is done with it."""
    changes = {"state": move_host(row.host, row.state, HostState.SKIPPED), "reason": why, "ended_at": now}
    return row.model_copy(update=changes)


def remember(services: Services, row: RolloutHost, machines: dict[str, Machine]) -> RolloutHost:
    """First half of a drain: read the VM (into `machines`), note what has to be given back. Nothing is changed yet."""
    machine = services.machines.machine(row.vm_id)
    if machine is None:
        return skip(row, "its VM does not exist: remove the session host from the host pool", services.now())
    machines[row.host] = machine
    row = custody.remember(row, machine)
    changes = {"state": move_host(row.host, row.state, HostState.DRAINING), "drained_at": None, "empty_since": None}
    return row.model_copy(update={**changes, "step": "draining"})


def drain(services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, machine: Machine) -> RolloutHost:
    """Second half: keep autoscale away and the disk safe, then stop new sessions.

    The settling time begins only after Azure confirmed the drain.
    """
    tags = custody.marked(machine, rollout)
    keep = custody.keep_disk(machine, rollout)
    if tags != machine.tags or keep:
        services.machines.update(row.vm_id, tags=tags, os_disk_delete_option=keep)
    services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=False)
    return row.model_copy(update={"drained_at": services.now(), "step": "drained", "reason": ""})


def give_back(services: Services, pool: Pool, row: RolloutHost) -> RolloutHost:
    """Undrain a host that was not rebuilt (unless an operator had drained it), and tidy its tags."""
    machine = services.machines.machine(row.vm_id)
    if machine is not None:
        option = row.prior_delete_option if row.prior_delete_option != machine.os_disk_delete_option else None
        services.machines.update(row.vm_id, tags=custody.unmarked(machine, row), os_disk_delete_option=option)
    if not row.operator_drained:
        services.desktops.set_accepting(pool.host_pool_id, row.host, accepting=True)
    changes = {"state": HostState.PENDING, "drained_at": None, "empty_since": None, "step": "given back"}
    return row.model_copy(update={**changes, "left_drained": False, "sign_out_since": None, "signed_out_last": None})


def sign_out(services: Services, pool: Pool, row: RolloutHost, sessions: list[UserSession]) -> RolloutHost:
    """Ask for the end of every session of the host."""
    ended = [session.id for session in sessions if services.desktops.sign_out(pool.host_pool_id, row.host, session.id)]
    now = services.now()
    changes = {
        "state": move_host(row.host, row.state, HostState.SIGNING_OUT),
        "step": "signing people out",
        "sign_out_since": row.sign_out_since or now,
        "signed_out_last": now,
        "signed_out": tuple(sorted({*row.signed_out, *ended})),
    }
    return row.model_copy(update=changes)


def warn(
    services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, warnings: list[SessionWarning], time: str
) -> RolloutHost:
    """Send the messages of one host and note, per session, which step it has had."""
    for warning in warnings:
        text = rollout.policy.warn_message.format(minutes=warning.minutes, time=time, pool=pool.name)
        services.desktops.send_message(pool.host_pool_id, row.host, warning.session, "Update of this desktop", text)
    return row.model_copy(update={"warned": row.warned | {warning.session: warning.step for warning in warnings}})


def fail(services: Services, row: RolloutHost, why: str) -> RolloutHost:
    """The host's end: it stays drained, its VM says why, autoscale may have it back."""
    machine = services.machines.machine(row.vm_id)
    if machine is not None:
        services.machines.update(row.vm_id, tags=custody.failed(machine, row, why))
    return as_failed(row, why, services.now())


def as_failed(row: RolloutHost, why: str, now: datetime) -> RolloutHost:
    """The row of a failed host."""
    state = move_host(row.host, row.state, HostState.FAILED)
    return row.model_copy(update={"state": state, "error": why, "ended_at": now, "operation": None})


def take(row: RolloutHost, now: datetime, *, canary: bool) -> RolloutHost:
    """Hand the host to its own orchestration: from here on only that writes its row."""
    changes = {
        "state": move_host(row.host, row.state, HostState.REIMAGING),
        "engine_run": row.engine_run + 1,
        "taken_at": now,
        "canary": canary,
        "step": "handed over",
        "step_since": None,
        "phase": "",
    }
    return row.model_copy(update=changes)


def held(row: RolloutHost, decision: Decision) -> RolloutHost:
    """The row with the reason why nothing is done with it now."""
    return row if row.reason == decision.reason else row.model_copy(update={"reason": decision.reason})


def after_give_back(row: RolloutHost, rollout: Rollout, why: str, now: datetime) -> RolloutHost:
    """In a cancelled rollout a host that was given back is through."""
    if rollout.state is RolloutState.CANCELLING and row.state is HostState.PENDING:
        return skip(row, why, now)
    return row


ACT_ORDER = (Act.SKIP, Act.GIVE_BACK, Act.DRAIN, Act.SIGN_OUT, Act.FAIL, Act.TAKE)
