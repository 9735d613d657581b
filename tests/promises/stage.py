"""One run's pool in virtual time: what people, autoscale, operators and Azure do to it while the product works.

The product's process may die at any call. Either the engine comes back with what it had under way, as after a worker's
death, or with nothing: then the tables alone must do.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from shared.errors import FreshcoatError
from shared.publishing.recovery import resume_lost
from shared.steps import Outcome
from tests.fixtures.app import Reply
from tests.fixtures.azure_fakes import FakeEngine
from tests.fixtures.driver import ProcessDied
from tests.fixtures.play import Action, Play, Run
from tests.promises.judge import Watch
from tests.promises.setting import WatchedApp

TIMERS_EVERY = timedelta(minutes=10)
"""In truth half a minute: here each run would be nothing but timers."""
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

    def nudge(self, rollout_id: str, run: int, why: str) -> None:
        self.given.add((rollout_id, run, why))
        super().nudge(rollout_id, run, why)


class Kept(logging.Handler):
    """Keeps what was logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


class Stage(Play):
    """`Play`, watched, with both kinds of death. `counted` says what has happened in this run."""

    app: WatchedApp

    def __init__(self, app: WatchedApp) -> None:
        self.engine = app.engine = RememberingEngine()
        super().__init__(app)
        self.counted: Counter[str] = Counter()
        self.engine_lives = False
        self.log = Kept()
        self.each_step.append(self.watch.after_step)
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
        acting, self.watch.acting = self.watch.acting, "a request"
        self.survive(lambda: replies.append(self.app.send(method, path, body)))
        self.watch.acting = acting
        assert all(reply.status != 500 for reply in replies), replies[0].text
        return replies[0] if replies else None

    def survive(self, action: Action) -> bool:
        try:
            action()
        except ProcessDied:
            self.counted["deaths"] += 1
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

    def _timers(self) -> None:
        self._push(TIMERS_EVERY.total_seconds(), self._timers)
        self.watch.acting = "a timer"
        try:
            resume_lost(self.app.services, self.engine)
        except FreshcoatError:
            self.counted["timers that failed"] += 1

    def _do(self, action: Action) -> None:
        died = self.died
        try:
            action()
        except ProcessDied:
            self._bring_back(action)
        except FreshcoatError:
            self._push(2, action)
        self.counted["deaths"] += self.died - died

    def _bring_back(self, action: Action) -> None:
        if self.engine_lives:
            self.died += 1
            self._push(BROUGHT_BACK, action)
        else:
            self._start_again()

    def _start_again(self) -> None:
        self.watch.acting = "a timer"
        try:
            super()._start_again()
        except FreshcoatError:
            self.counted["timers that failed"] += 1
        self._push(TIMERS_EVERY.total_seconds(), self._timers)

    def _look(self, rollout_id: str, run: int, planned: object) -> None:
        self.watch.acting, self.watch.disturbed = rollout_id, False
        super()._look(rollout_id, run, planned)

    def _host_step(self, started: tuple[str, str, int]) -> Run:
        run = super()._host_step(started)

        def watched(name: str) -> Outcome:
            self.watch.acting, self.watch.disturbed = started[0], False
            return run(name)

        return watched

    def meanwhile(self, method: str, action: Callable[[], Any]) -> None:
        """Have something happen during the next call of a port's method."""

        def happen() -> None:
            self.watch.disturbed = True
            action()

        self.app.world.meanwhile(method, happen)
