"""One run: a pool, its people, chaos for some seconds, and then the end in peace."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.chaos.judge import judge
from tests.chaos.operators import Operators
from tests.chaos.plan import OPERATORS, SECONDS, Plan
from tests.chaos.stack import ChaosStack
from tests.end_to_end.conftest import in_seconds

ENDS_IN = 150.0
"""Seconds in which every rollout must end after the chaos, also on a busy machine."""


class Chaos:
    """The run of one plan."""

    def __init__(self, stack: ChaosStack, plan: Plan) -> None:
        self.stack, self.plan = stack, plan
        self.pool = f"chaos-{plan.seed}"
        stack.answers.clear()
        stack.sim("POST", "/clock", {"duration_scale": plan.duration_scale})
        self.names = stack.add_pool(self.pool, plan.hosts, **plan.policy)
        for number, host in enumerate(plan.sessions):
            stack.sim("POST", "/logon", {"host": self.names[host], "user": f"user{number}@contoso.com"})
        self.people = Operators(stack, plan, self.pool)
        self._began = 0.0

    def run(self) -> list[str]:
        """Everything, to the judgement: what was broken."""
        self._began = time.monotonic()
        self.stack.trouble(*self.plan.troubles)
        todo = self._todo()
        with ThreadPoolExecutor(len(todo)) as threads:
            for done in [threads.submit(self._at, *what) for what in todo]:
                done.result()
        self._wait_until(SECONDS)
        self.stack.trouble()
        self.stack.await_all()
        if not self.people.accepted and not self.people.rollouts(0):
            self.people.publish(0)
        end = time.monotonic() + ENDS_IN
        while not self.people.decide():
            assert time.monotonic() < end, f"not ended: {self.people.rollouts(0)}"
            self._everybody_goes_home()
            time.sleep(0.3)
        self.stack.check()
        return judge(self.stack, self.people)

    def _todo(self) -> list[tuple[tuple[float, ...], Callable[[], None]]]:
        """What each thread does at which moments."""
        plan, people = self.plan, self.people
        publishing = OPERATORS if plan.commands else 2
        looks = tuple(tenth / 10 for tenth in range(2, int(SECONDS * 10), 7))
        return [
            *(((0.0,), partial(people.publish, number % 2)) for number in range(publishing)),
            *(
                (moments, partial(people.command, number % 2, random.Random(f"{plan.seed} {number}")))
                for number, moments in enumerate(plan.commands)
            ),
            *(((moment,), partial(self.stack.kill_and_start, host)) for moment, host in plan.kills),
            *(((moment,), partial(self._log_off, session)) for moment, session in plan.log_offs),
            *(((moment,), partial(self._log_on, host)) for moment, host in plan.log_ons),
            (looks, self._look),
            ((0.0,), self._slip_in),
        ]

    def _at(self, moments: tuple[float, ...], action: Callable[[], None]) -> None:
        for moment in moments:
            self._wait_until(moment)
            action()

    def _wait_until(self, moment: float) -> None:
        time.sleep(max(0.0, self._began + moment - time.monotonic()))

    def _everybody_goes_home(self) -> None:
        """All log off. The simulated Azure posts its events to the first function host: the second gets them too."""
        for host in self.stack.azure(self.pool).values():
            for session in host["sessions"]:
                body = {"host": host["fqdn"], "user": session["user"]}
                self.stack.http.post(f"{self.stack.options.sim_url}/_sim/logoff", json=body)
                self.stack.call(1, "POST", "/events/logoff", {"host": host["fqdn"], "utc": in_seconds(0)})

    def _log_off(self, number: int) -> None:
        """The session may have been ended already."""
        body = {"host": self.names[self.plan.sessions[number]], "user": f"user{number}@contoso.com"}
        self.stack.http.post(f"{self.stack.options.sim_url}/_sim/logoff", json=body)

    def _log_on(self, host: int) -> None:
        """The host may be away at that moment."""
        body = {"host": self.names[host], "user": f"late{host}@contoso.com", "force": True}
        self.stack.http.post(f"{self.stack.options.sim_url}/_sim/logon", json=body)

    def _slip_in(self) -> None:
        """As soon as a host without users was drained, somebody is there whom the broker had sent before."""
        left = self.plan.slips_in
        rng = random.Random(self.plan.seed)
        while left and time.monotonic() < self._began + 2 * SECONDS:
            drained = [
                number
                for number, host in enumerate(self.names)
                if not (seen := self.stack.azure(self.pool)[host])["accepting"] and seen["registered"]
            ]
            if drained:
                time.sleep(rng.uniform(0.0, 0.3))
                self._log_on(rng.choice(drained))
                left -= 1
            time.sleep(0.03)

    def _look(self) -> None:
        """What a console reads while something happens."""
        for host in (0, 1):
            for path in (f"/pools/{self.pool}", f"/rollouts?pool={self.pool}", f"/pools/{self.pool}/hosts"):
                self.stack.call(host, "GET", path)
