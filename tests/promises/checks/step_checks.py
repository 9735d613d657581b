"""Judges what has come of each look and each step, against the promises of SPEC 5. What is being done: `acts`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from shared.core.errors import AzureBusy, FreshcoatError
from shared.core.names import BAKE_HOST, PROBE_HOST, RETURN_HOST_TO_SERVICE
from shared.core.states import HostState, RolloutState
from shared.core.steps import NextAction, StepResult
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.rollouts.hosts.runner import HOST_STEP_TABLE
from tests.fixtures.app import App
from tests.promises.checks.actions import Acts
from tests.promises.checks.snapshot_check import ENDS, IN_HAND, IN_WORK, OVER

WRITES_PER_HOST = 8
"""ARM writes that a host costs at least, from its drain to its return (azure-facts 5)."""
_OF_A_STEP = ("acting", "begun", "reads_first", "disturbed", "hindered", "asked_to_wait", "_busy", "_state")
ONE_WAIT = timedelta(minutes=1)
"""The longest that Azure asks to wait here: the first wait of a step may count against it."""


class Watch(Acts):
    """Everything that is judged."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.ended: dict[tuple[str, str], RolloutHost] = {}
        self.proved: set[str] = set()
        """Versions that hosts of some rollout have proved good."""
        self.asked_to_wait = 0.0
        """Seconds that a call was asked to wait which was refused during this step."""
        self._busy = False
        self._state: RolloutState | None = None
        self._rows_seen = 0
        self._over: set[str] = set()
        self._force_at: dict[str, datetime] = {}
        self._steps: dict[tuple[str, str], tuple[str, int, datetime, float]] = {}
        """What a host's step is, in which attempt, since when, and how long of that Azure was too busy."""

    def begin(self, rollout_id: str) -> None:
        """A look or a step in the name of a rollout begins."""
        self.acting, self.asked_to_wait = rollout_id, 0.0
        self.disturbed = self.hindered = self._busy = False
        self.reads_first = True
        self._state = self.rollout().state
        self.begun = {row.host for row in self.rows(rollout_id) if row.rebuild.strategy}

    @contextmanager
    def something_else(self, acting: str = "") -> Iterator[None]:
        """Something else is done meanwhile, by another worker or in a request. What it reads, this look has not."""
        kept = {name: getattr(self, name) for name in _OF_A_STEP}
        unread = set(self.unread)
        self.acting, self.reads_first = acting or self.acting, False
        yield
        vars(self).update(kept)
        self.unread |= unread

    def refused(self, error: FreshcoatError) -> None:
        """A call was refused, perhaps only for a while."""
        self.hindered = True
        if isinstance(error, AzureBusy):
            self.asked_to_wait, self._busy = max(self.asked_to_wait, error.retry_after or 0.0), True

    def after_pass(self, *, whole_pool: bool) -> None:
        """Promises 2 and 7, when the pass has read and done all it wanted.

        A fast pass returns no host to service: it does not read the whole pool, and it asks for a pass that does.
        """
        rollout = self.rollout()
        begun = [row.host for row in self.rows(self.acting) if row.taken_at == self.app.now and row.state in IN_WORK]
        left = self.app.world.writes_left
        if left is not None and len(begun) > 1 and len(begun) * WRITES_PER_HOST > left:
            self.broken(7, f"{begun} are begun while ARM has {left} writes left")
        if not self.disturbed:
            self.remembers()
        untouched = not (self.disturbed or self.hindered) and rollout.state is self._state
        unforced = rollout.state not in {*OVER, RolloutState.CANCELLING} and not self.forced(rollout)
        if whole_pool and untouched and unforced:
            self._gives_back_what_is_needed(rollout)

    def _gives_back_what_is_needed(self, rollout: Rollout) -> None:
        """Whatever took hosts away: what only waits to be rebuilt must serve while too few do."""
        floor, serving, limit = self.floor(rollout, forced=False), self.serving(), self.session_limit()
        if serving >= floor and (not floor or serving * limit >= self.open_sessions()):
            return
        for row in self.rows(self.acting):
            seen = self.hosts.get(row.host)
            held = row.state in IN_HAND and seen is not None and not seen.accepting and seen.status == "Available"
            if held and not (row.found.operator_drained or row.found.was_off or row.drained_by_earlier_failure):
                self.broken(2, f"{row.host} is kept drained though {floor} hosts must serve: {self.in_words()}")

    def after_host_step(self, host: str, name: str, outcome: StepResult) -> None:
        """Promises 4 and 7: nobody gets onto a first host before it has proved good; a busy Azure costs only time."""
        row, seen = self.row(host), self.hosts.get(host)
        if row is None:
            return
        waits, steady = outcome.action is NextAction.WAIT, not self.hindered and host not in self.unread
        if name in {PROBE_HOST, BAKE_HOST} and waits and steady and seen and seen.serving:
            self.broken(4, f"{host} accepts sessions although it has not proved good")
        if row.check.proved_at and row.state in IN_WORK and row.vm_id.lower() in self.bad_probes:
            self.broken(4, f"{host} has proved good although its probe failed")
        if waits and outcome.seconds < self.asked_to_wait:
            self.broken(7, f"{host} waits {outcome.seconds} of the {self.asked_to_wait} seconds that Azure asks for")
        self._had_its_time(row, name, outcome)

    def _had_its_time(self, row: RolloutHost, name: str, outcome: StepResult) -> None:
        """Promise 7: what a step waits for a busy Azure does not count against it."""
        known = self._steps.get((row.rollout, row.host))
        ended = row.state is HostState.FAILED or (known is not None and row.attempt > known[1])
        limit = HOST_STEP_TABLE[name].limit(self.app.settings)
        if known and ended and known[0] == name and limit and f"{name}: did not finish within" in row.error:
            had = self.app.now - known[2] - timedelta(seconds=known[3])
            if had < timedelta(seconds=limit) - ONE_WAIT:
                self.broken(7, f"{row.host} had {had} for {name}, besides waiting for Azure: {row.error}")
        if known is None or known[:2] != (row.step, row.attempt):  # one call goes through several steps
            known = row.step, row.attempt, self.app.now, 0.0
        busy = outcome.seconds if self._busy and outcome.action is NextAction.WAIT else 0.0
        self._steps[row.rollout, row.host] = (*known[:3], known[3] + busy)

    def after_step(self) -> None:
        """Promise 3: one open rollout holds the pool, and a host that has ended has ended."""
        kept = {rollout.id: rollout for rollout in self.rollouts()}
        for rollout in kept.values():
            before = self._force_at.get(rollout.id, rollout.schedule.force_at)
            if rollout.schedule.force_at < before > self.app.now:
                self.broken(1, f"{rollout.id} was to end sessions at {before}, and does so before")
            self._force_at[rollout.id] = rollout.schedule.force_at
        holds = [
            r.id
            for r in kept.values()
            if r.state not in OVER and r.kind is not RolloutKind.REFRESH and r.progress.last_pass
        ]
        if len(holds) > 1:
            acts = [rollout for rollout in holds if any(row.state in IN_HAND | IN_WORK for row in self.rows(rollout))]
            if len(acts) > 1:
                self.broken(3, f"{acts} are all at the pool's hosts")
        for rollout in kept.values():
            if rollout.state in OVER and rollout.id not in self._over:
                self._over.add(rollout.id)
                self.nobody_is_left_warned(rollout)
        for row in self._written():
            key = row.rollout, row.host
            before = self.ended.get(key)
            if before and row.state is not before.state and not self._may_begin_again(kept[row.rollout], before):
                self.broken(3, f"{row.host} of {row.rollout} was {before.state} and is {row.state}")
            if row.state in ENDS:
                if before is None:
                    self._ends(kept[row.rollout], row)
                self.ended[key] = row
            elif before:
                del self.ended[key]
            if not row.warnings.told.keys() <= self.text:
                self.broken(7, f"{row.host} counts as told, but no message was taken: {row.warnings.told}")

    def _written(self) -> list[RolloutHost]:
        """The rows of hosts that were written since the last step, each as often as it was."""
        written: list[RolloutHost] = self.app.tables.hosts.written  # type: ignore[attr-defined]
        since, self._rows_seen = self._rows_seen, len(written)
        return written[since:]

    def _ends(self, rollout: Rollout, row: RolloutHost) -> None:
        """Promises 4 and 7 at the end of a host."""
        if row.state is HostState.DONE:
            self.proved.add(row.version or "")
            if row.canary and not row.rolling_back and row.check.proved_at is None:
                self.broken(4, f"{row.host} of {rollout.id} is one of the first hosts, and done without a proof")
        if row.state is HostState.FAILED:
            self.failed_on.add(row.host)
            if "slow down" in row.error:
                self.broken(7, f"{row.host} of {rollout.id} has failed because Azure was busy: {row.error}")
            seen, healthy = self.hosts.get(row.host), row.step == RETURN_HOST_TO_SERVICE
            if seen and seen.serving and not healthy and not self.hindered and row.host not in self.unread:
                self.broken(4, f"{row.host} of {rollout.id} has failed and accepts sessions: {row.error}")

    def _may_begin_again(self, rollout: Rollout, before: RolloutHost) -> bool:
        """A host goes back once, a failed one is tried again when somebody says so, a refresh goes on for ever."""
        touched = before.state is not HostState.SKIPPED or self._born_on_the_target(rollout, before)
        goes_back = rollout.rolling_back and not before.rolling_back and touched
        asked = rollout.failures.retried_at is not None or before.host in rollout.failures.retried
        retried = before.state is HostState.FAILED and asked
        return rollout.kind is RolloutKind.REFRESH or goes_back or retried or self.taken_in_again(rollout, before)

    def _born_on_the_target(self, rollout: Rollout, before: RolloutHost) -> bool:
        """Whether the host came while the rollout gave its version to new hosts: it goes back with the others, unless
        it has gone since."""
        came = before.ended_at is not None and rollout.progress.canary_passed_at is not None
        return came and before.host not in self.first and self.disk_version(before.vm_id) in {rollout.version, None}

    def gives_out(self, version: str) -> str:
        """Promise 4: why a new host must not be made from this version; empty when it may."""
        rollout = self.running()
        if rollout is None or rollout.state in OVER or version != rollout.version or rollout.kind != "update":
            return ""
        before = {rollout.before.version, self.pool.previous_version}
        if version in before:
            return ""
        if not rollout.selection.of_whole_pool:
            return f"{rollout.id} is for chosen hosts only"
        if rollout.rolling_back:
            return f"{rollout.id} goes back from it"
        if not any(row.check.proved_at or row.state is HostState.DONE for row in self.rows(rollout.id)):
            return f"{rollout.id} has not proved it"
        held = rollout.policy.canary_hold == "approve" and rollout.policy.canary_hosts and not rollout.approval.at
        return f"{rollout.id} waits until somebody approves it" if held else ""
