"""One run's pool in virtual time: what people, autoscale, operators and Azure do to it while the product works.

The product's process may die at any call. Either the engine comes back with what it had under way, as after a worker's
death, or with nothing: then the tables alone must do.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from shared.core.errors import FreshcoatError
from shared.core.states import HostState
from shared.core.steps import HOST_STEPS, NextAction, StepResult, next_step
from shared.rollouts.old_disks.cleanup import tidy_disks
from shared.rollouts.recovery import resume_lost
from tests.fixtures.app import Reply
from tests.fixtures.engine import Action, Environment, ProcessDied, Run
from tests.fixtures.fakes.engine import FakeEngine
from tests.promises.checks.leaks import Kept
from tests.promises.checks.step_checks import Watch
from tests.promises.pool_setup import WatchedApp

TIMERS_EVERY = timedelta(minutes=10)
"""In truth half a minute: here each run would be nothing but timers."""
NOT_LOST_AFTER_ALL = 30.0
"""Seconds until a host's instance that was taken for lost comes back to life all the same, sometimes."""
AT_THE_SAME_TIME = timedelta(minutes=1)
LEAVES_AFTER = 7.0
"""Seconds after a look until somebody leaves a host, sometimes."""
BROUGHT_BACK = 5.0
"""Seconds until the engine repeats what was under way when a worker died."""


class RememberingEngine(FakeEngine):
    """Remembers all it was ever given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: set[tuple[object, ...]] = set()

    def start_rollout(self, rollout_id: str, run: int) -> None:
        self.given.add((rollout_id, run))
        super().start_rollout(rollout_id, run)

    def start_host(self, rollout_id: str, host: str, run: int) -> None:
        self.given.add((rollout_id, host, run))
        super().start_host(rollout_id, host, run)

    def signal_rollout(
        self, rollout_id: str, run: int, reason: str, *, logged_off: Sequence[str] = (), deferrable: bool = False
    ) -> None:
        self.given.add((rollout_id, run, reason, *logged_off))
        super().signal_rollout(rollout_id, run, reason, logged_off=logged_off, deferrable=deferrable)


class Stage(Environment):
    """`Environment`, watched, with both kinds of death. `counted` says what has happened in this run."""

    app: WatchedApp

    def __init__(self, app: WatchedApp) -> None:
        self.engine = app.engine = RememberingEngine()
        super().__init__(app)
        self.counted: Counter[str] = Counter()
        self.engine_lives = False
        self.log = Kept()
        self.each_step.append(self.watch.after_step)
        app.world.called = self._reporting_refusals(app.world.called)  # type: ignore[method-assign]
        self._push(0, self._timers)

    @property
    def watch(self) -> Watch:
        """Who judges."""
        return self.app.watch

    def pass_time(self, minutes: float) -> None:
        """Let everything go on for so long."""
        self.run(minutes / 60)

    def send(self, path: str, body: object = None, method: str = "POST") -> Reply | None:
        """A request; None when the process died in it."""
        replies: list[Reply] = []
        with self.watch.something_else("a request"):
            self.survive(lambda: replies.append(self.app.send(method, path, body)))
        for reply in replies:
            assert reply.status != 500, reply.text
            assert not any(secret in reply.text for secret in self.watch.secrets), reply.text
        return replies[0] if replies else None

    def survive(self, action: Action) -> bool:
        try:
            action()
        except ProcessDied:
            self.counted["process deaths"] += 1
            self._died_in_a_request()
            return False
        return True

    def _died_in_a_request(self) -> None:
        if self.engine_lives:
            self.died += 1
        else:
            self._start_again()

    def die_soon(self, calls: int, *, engine_lives: bool) -> None:
        """Have the process die at a call that is so many ahead."""
        self.engine_lives = engine_lives
        self.die_at_call(calls)

    @contextmanager
    def by_others(self) -> Iterator[None]:
        """What is done to the tables meanwhile is not done by the process, which does not die of it."""
        dies_at, self._dies_at = self._dies_at, -1
        yield
        self._dies_at = dies_at

    def _timers(self) -> None:
        self._push(TIMERS_EVERY.total_seconds(), self._timers)
        self.watch.acting, self.watch.reads_first = "a timer", False
        for timer in (lambda: resume_lost(self.app.services, self.engine), lambda: tidy_disks(self.app.services)):
            try:
                timer()
            except FreshcoatError:
                self.counted["failed timers"] += 1

    def _do(self, action: Action) -> None:
        died = self.died
        try:
            action()
        except ProcessDied:
            self._restart(action)
        except FreshcoatError:
            self._push(2, action)
        self.counted["process deaths"] += self.died - died

    def _restart(self, action: Action) -> None:
        if self.engine_lives:
            self.died += 1
            self._push(BROUGHT_BACK, action)
        else:
            self._start_again()

    def _start_again(self) -> None:
        self.watch.acting = "a timer"
        lost = [action for _, _, action in self._queue if isinstance(action, partial)] if self.calls % 3 == 0 else []
        try:
            super()._start_again()
        except FreshcoatError:
            self.counted["failed timers"] += 1
        self._push(TIMERS_EVERY.total_seconds(), self._timers)
        for action in lost:
            self._push(NOT_LOST_AFTER_ALL, action)

    def _whole_pass(self, rollout_id: str, run: int, planned: object) -> None:
        if self._planned_passes.get(rollout_id) != planned:
            return
        self.watch.begin(rollout_id)
        super()._whole_pass(rollout_id, run, planned)
        self.watch.after_pass(whole_pool=True)
        if self.calls % 6 == 0:
            self._push(LEAVES_AFTER, self._somebody_leaves)

    def _somebody_leaves(self) -> None:
        """Whoever is on a host that waits for that logs off, and its agent says so; of another host it is not true."""
        waiting = [row.host for row in self.watch.rows() if row.state is HostState.WAITING_FOR_LOGOFF]
        if waiting:
            host = waiting[self.calls % len(waiting)]
            self.app.world.log_off(host)
            self.report_logoff(waiting[0])
            self.report_logoff(host)

    def _fast_pass(self, rollout_id: str, run: int, left: list[str]) -> None:
        self.watch.begin(rollout_id)
        before = sum(row.taken_at is not None for row in self.watch.rows(rollout_id))
        super()._fast_pass(rollout_id, run, left)
        self.counted["fast passes"] += 1
        self.counted["fast passes that started hosts"] += (
            sum(row.taken_at is not None for row in self.watch.rows(rollout_id)) > before
        )
        self.watch.after_pass(whole_pool=False)

    def report_logoff(self, host: str) -> None:
        """A host's agent says that somebody has logged off."""
        for rollout in self.watch.rollouts():
            if not rollout.state.ended and not self.engine.down:
                self.engine.signal_rollout(rollout.id, rollout.engine_run, "logoff", logged_off=[host])

    def _schedule_step(self, steps: tuple[str, ...], run: Run, index: int = 0, seconds: float = 0) -> None:
        if index < len(steps):
            self._push(seconds, partial(self._step, steps, run, index))

    def _host_step(self, started: tuple[str, str, int]) -> Run:
        run = super()._host_step(started)

        def watched(name: str) -> StepResult:
            self.watch.begin(started[0])
            row = self.watch.row(started[1])
            outcome = run(name)
            if row and row.engine_run != started[2] and outcome.action is not NextAction.STOP:
                self.watch.broken(5, f"{row.host} is driven by {row.engine_run}, and {started[2]} goes on: {outcome}")
            if row:
                self.watch.after_host_step(started[1], next_step(HOST_STEPS, row.rebuild.completed_step), outcome)
            return outcome

        return watched

    def another_worker(self) -> None:
        """What is due next is done at the same time as what is being done."""
        if self._queue and self._queue[0][0] <= self.app.now + AT_THE_SAME_TIME:
            _, _, action = heapq.heappop(self._queue)
            with self.watch.something_else():
                self._do(action)

    def later(self, seconds: float, action: Action) -> None:
        """Have something happen in a while, unless the process dies before."""
        self._push(seconds, action)

    def meanwhile(self, method: str, action: Callable[[], Any], *, once: Callable[[], bool] = lambda: True) -> None:
        """Have something happen during the next call of a port's method for which `once` holds."""

        def happen() -> None:
            if not once():
                self.app.world.meanwhile(method, happen)
                return
            self.watch.disturbed = True
            action()

        self.app.world.meanwhile(method, happen)

    def _reporting_refusals(self, called: Callable[[str, str], None]) -> Callable[[str, str], None]:
        """Have the watch know when a call is refused."""

        def noticed(method: str, target: str) -> None:
            try:
                called(method, target)
            except FreshcoatError as error:
                self.watch.refused(error)
                raise

        return noticed
