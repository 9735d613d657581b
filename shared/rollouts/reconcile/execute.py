"""Executes the plan of one reconcile pass: many hosts in one activity, with bounded concurrency.

A host's row is written before Azure is changed (the values to restore later) and afterwards (what was done). A crash
in between leaves a row that the next pass understands. If Azure throttles us, the hosts concerned lose one pass only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.access.caps import Allowed
from shared.core.errors import AzureBusy, AzureConflict, AzureError, AzureRefused
from shared.core.states import HostState, RolloutState
from shared.models.azure import VirtualMachine
from shared.models.base import refuse_newer
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.rollout_parts import LEFT_OUT
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning import host_rows
from shared.planning.budget import WRITES_PER_HOST
from shared.planning.host_rows import as_failed, skip, start_rebuild, with_reason, without_open_sessions
from shared.planning.people.notices import may_sign_out
from shared.planning.values import Action, NoticeKind, Plan, Snapshot
from shared.rollouts.hosts import actions
from shared.rollouts.hosts.failure import fail
from shared.rollouts.hosts.messages import tell
from shared.rollouts.reconcile.record import as_asked
from shared.rollouts.reconcile.within_caps import hosts_within_caps, interrupted, sessions_within_caps
from shared.rollouts.refresh.exclusion import hosts_held_by_others, must_yield
from shared.services import ROLLOUTS, Services

CONCURRENCY = 16
BATCH = 100
"""How many hosts one pass changes at most for one kind of action: ARM takes 10 writes/s (azure-facts 5), and an
activity should end within a minute."""


@dataclass
class ExecutionResult:
    """The outcome of the actions, besides the rows."""

    busy: bool = False
    retry_after: float = 0.0
    left_over: bool = False
    """More was planned than one pass does, so the next one is due at once."""

    def wait_for_azure(self, seconds: float | None) -> None:
        """Azure was too busy for a part of the pass, and asks for so long a wait; None: it was not."""
        if seconds is not None:
            self.busy, self.retry_after = True, max(self.retry_after, seconds)


class PlanExecutor:
    """Executes a pass's plan on the hosts of a rollout. `rows` are the host rows as they will be written."""

    def __init__(self, services: Services, rollout: Rollout, pool: Pool, rows: dict[str, RolloutHost]) -> None:
        self.services, self.rollout, self.pool, self.rows = services, rollout, pool, rows
        self.applied = ExecutionResult()
        self.refreshes = rollout.kind is RolloutKind.REFRESH

    def execute(self, decided: Plan, snapshot: Snapshot) -> list[str]:
        """Execute the plan, least harmful actions first. Returns the hosts to rebuild; their orchestrations must start.

        Raises NewerRow before anything is done.
        """
        refuse_newer(self.rollout, self.pool, *self.rows.values())
        reasons = {decision.host: decision.reason for decision in decided.decisions}
        for decision in decided.decisions:
            if not self.rows[decision.host].state.in_work and decision.act in (Action.WAIT, Action.DRAIN):
                self.rows[decision.host] = with_reason(self.rows[decision.host], decision)
        self._skip(decided, reasons)
        self._undrain(decided, reasons)
        self._drain(decided)
        self._tell(decided, snapshot)
        self._sign_out(decided, snapshot)
        for host in (*decided.chosen(Action.FAIL), *decided.chosen(Action.UNDRAIN)):
            self.rows[host] = without_open_sessions(self.rows[host], snapshot)
        self.each(decided.chosen(Action.FAIL), lambda row: self._fail(row, reasons[row.host]))
        return self._start_rebuilds(decided)

    def each(
        self,
        hosts: Iterable[str],
        act: Callable[[RolloutHost], RolloutHost],
        on_error: Callable[[RolloutHost, AzureError], RolloutHost] | None = None,
    ) -> None:
        """Call `act` for each host, at most BATCH of them. What Azure throttles is left to the next pass.

        A VM with another operation in progress (409) counts as throttled too. `on_error` handles other Azure errors;
        without it the row stays as it is, with the error in it.
        """
        chosen = [self.rows[host] for host in hosts]
        self.applied.left_over |= len(chosen) > BATCH
        if len(chosen) <= 1:  # no threads: most passes do little
            done = [self._one(row, act, on_error) for row in chosen]
        else:
            with ThreadPoolExecutor(CONCURRENCY) as threads:
                done = list(threads.map(lambda row: self._one(row, act, on_error), chosen[:BATCH]))
        self.rows |= {row.host: row for row in done}

    def _one(
        self,
        row: RolloutHost,
        act: Callable[[RolloutHost], RolloutHost],
        on_error: Callable[[RolloutHost, AzureError], RolloutHost] | None,
    ) -> RolloutHost:
        try:
            return act(row)
        except (AzureBusy, AzureConflict) as busy:
            self.applied.wait_for_azure(getattr(busy, "retry_after", None) or 0.0)
            return row
        except AzureRefused as error:
            return on_error(row, error) if on_error else row.replace(error=str(error))

    def _skip(self, decided: Plan, reasons: dict[str, Message]) -> None:
        """Hosts that nothing is done with: those we never touched end at once, however many they are."""
        marked = []
        for host in decided.chosen(Action.SKIP):
            if self.rows[host].state is HostState.PENDING:
                self.rows[host] = skip(self.rows[host], reasons[host], self.services.now())
            else:
                marked.append(host)
        left_out = {host for host in marked if reasons[host].code in LEFT_OUT}

        def act(row: RolloutHost) -> RolloutHost:
            ended = actions.leave_out if row.host in left_out else actions.skip_marked
            return ended(self.services, self.pool, row, reasons[row.host])

        self.each(marked, act, self._ends_failed)

    def _undrain(self, decided: Plan, reasons: dict[str, Message]) -> None:
        cancelled = self.rollout.state is RolloutState.CANCELLING

        def act(row: RolloutHost) -> RolloutHost:
            row = actions.undrain(self.services, self.pool, row)
            row = host_rows.reset_row(row) if self.refreshes else row
            return skip(row, reasons[row.host], self.services.now()) if cancelled else row

        self._record_release(decided.chosen(Action.UNDRAIN))
        # A cancelled rollout must end, even if Azure keeps refusing.
        self.each(decided.chosen(Action.UNDRAIN), act, self._ends_failed if cancelled else None)

    def _record_release(self, hosts: list[str]) -> None:
        """Write that we undrain these hosts: after a crash, that must not look like an operator's doing."""
        drained = [row for row in map(self.rows.__getitem__, hosts) if row.drain.drained_at is not None]
        released = [row.replace(drain=row.drain.replace(drained_at=None)) for row in drained]
        for before, row in zip(drained, self.services.hosts.write_many(released), strict=True):
            self.rows[row.host] = before.written_over(row)

    def _drain(self, decided: Plan) -> None:
        """Drain in two halves and write the rows in between: a crash must not make our drain look like an operator's.

        A refresh first writes that it holds the hosts, then checks whether a rollout has started (`refresh_holds`).
        """
        chosen = self._free(decided.chosen(Action.DRAIN))
        if not chosen:
            return
        vms: dict[str, VirtualMachine] = {}
        before = dict(self.rows)
        self.each(chosen, lambda row: actions.record_original(self.services, self.pool, row, vms))
        for row in self.services.hosts.write_many([self.rows[host] for host in vms]):
            self.rows[row.host] = row
        if self.refreshes and self._must_stop():
            self.applied.left_over = True
            for host in vms:
                self.rows[host] = before[host].written_over(self.rows[host])
            return
        self.each(
            list(vms),
            lambda row: actions.drain(self.services, self.rollout, self.pool, row, vms[row.host]),
            lambda row, error: fail(self.services, self.pool, row, f"could not be drained: {error}"),
        )

    def _tell(self, decided: Plan, snapshot: Snapshot) -> None:
        """Send the messages. Who could not be told is not signed out in this pass, because its plan is older."""
        if decided.notices and self._must_stop():
            self.applied.left_over = True
            return
        by_host = defaultdict(list)
        for notice in decided.notices:
            if notice.kind is NoticeKind.OFF or not self.rollout.why_left_out(self.rows[notice.host]):
                by_host[notice.host].append(notice)

        def act(row: RolloutHost) -> RolloutHost:
            listed = frozenset(session.id for session in snapshot.sessions_by_host[row.host])
            told = tell(self.services, self.rollout, self.pool, row, by_host[row.host], listed)
            self.applied.busy |= told.warnings.busy_since is not None
            return told

        self.each(by_host, act)

    def _sign_out(self, decided: Plan, snapshot: Snapshot) -> None:
        chosen = decided.chosen(Action.SIGN_OUT)
        if not chosen:
            return
        if self._must_stop():
            self.applied.left_over = True
            return
        planned = {view.name: view.row for view in snapshot.hosts}  # as they were before this pass told anybody
        now = self.services.now()
        told = {
            host: [one for one in snapshot.sessions_by_host[host] if may_sign_out(planned[host], one, now)]
            for host in chosen[:BATCH]
        }
        self.applied.left_over |= len(chosen) > BATCH
        within = sessions_within_caps(self.services, self.rollout, self.pool, self.rows, told)
        self._wait_for_cap(within.waiting, within.allowed, within.allowed.why_no_more_sign_outs)

        def act(row: RolloutHost) -> RolloutHost:
            row = actions.sign_out(self.services, self.rollout, self.pool, row, within.by_host[row.host])
            return interrupted(row) if row.host in within.partly else row

        self.each(within.by_host, act)

    def _start_rebuilds(self, decided: Plan) -> list[str]:
        free = self._free(decided.chosen(Action.REBUILD))
        for host in (unreserved := [host for host in free if self._must_reserve(host)]):
            self.rows[host] = host_rows.reserve_row(self.rows[host])
            self.applied.left_over = True
        chosen = [host for host in free if host not in unreserved]
        if not chosen:
            return []
        if self._must_stop():
            self.applied.left_over = True
            return []
        within = hosts_within_caps(self.services, self.rollout, self.pool, chosen)
        self._wait_for_cap(chosen[len(within.begun) :], within.allowed, within.allowed.why_no_more_hosts)
        chosen = within.begun
        forward = not self.refreshes and not self.rollout.rolling_back
        canary = forward and self.rollout.policy.canary_hosts > 0 and not decided.canary_passed
        for host in chosen:
            self.rows[host] = start_rebuild(self.rows[host], self.services.now(), canary=canary)
            if self.refreshes:
                self.rows[host] = host_rows.set_target(self.rows[host], self.rollout)
        self.services.arm_budget.reserve_writes(self.pool.host_pool_id, len(chosen) * WRITES_PER_HOST)
        return chosen

    def _wait_for_cap(self, hosts: Iterable[str], allowed: Allowed, why: Message | None) -> None:
        self.applied.left_over |= allowed.asked_in_vain
        if why is not None:
            self.rows |= {host: self.rows[host].replace(reason=why) for host in hosts}

    def _must_reserve(self, host: str) -> bool:
        """Whether a refresh must write that it holds the host before it rebuilds it.

        A host outside the host pool was not drained for this. The next pass rebuilds it, and then sees a rollout that
        has started meanwhile.
        """
        return self.refreshes and self.rows[host].state is HostState.PENDING

    def _free(self, hosts: list[str]) -> list[str]:
        """The hosts that no other rollout of the pool holds: two must never work on one host."""
        others = hosts_held_by_others(self.services, self.rollout, self.pool) if hosts else frozenset()
        return [host for host in hosts if host not in others]

    def _must_stop(self) -> bool:
        """Whether an operator paused, cancelled or changed the rollout during this pass, or a refresh must yield.

        Then nobody is told or signed out, and no host is rebuilt. The next pass follows the command.
        """
        fresh = self.services.rollouts.find(ROLLOUTS, self.rollout.id)
        if fresh is None or as_asked(fresh) != as_asked(self.rollout):
            return True
        return self.refreshes and must_yield(self.services, self.rollout)

    def _fail(self, row: RolloutHost, reason: Message) -> RolloutHost:
        text = f"{reason.text}: {row.error}" if row.error else reason.text
        if self.refreshes and actions.untouched(self.services, row):
            return as_failed(row, text, self.services.now())
        return fail(self.services, self.pool, row, text)

    def _ends_failed(self, row: RolloutHost, error: AzureError) -> RolloutHost:
        return as_failed(row, f"could not be returned to service: {error}", self.services.now())
