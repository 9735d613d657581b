"""A pool in virtual time with hosts, sessions and counters, the same for every policy.

A person with a session reconnects to it, also on a drained host (Microsoft Learn, "Configure host pool load
balancing"). Rebuild times are estimates (azure-facts 1.9 has no official number): about 15 minutes, 8 to 40. They are
drawn once per host from the seed, so that a host takes the same time under every policy. Nothing fails.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from random import Random
from typing import Any

from bench.outcome.hosts import Action, Host, Session, Spread, nothing, place
from bench.outcome.people import ActionKind, Trace, UserAction

MINUTE = 60.0
RETRY_SECONDS = 5 * MINUTE
"""Interval at which a person with a refused logon retries, until the person's time to leave."""


class Pool:
    """Hosts and people, simulated by `run`. A policy acts through the methods, and schedules its steps with `at`."""

    def __init__(
        self, trace: Trace, *, hosts: int = 200, limit: int = 16, spread: Spread = Spread.BREADTH, seed: int = 1
    ) -> None:
        self.trace, self.limit, self.spread, self.size = trace, limit, spread, hosts
        self._builds = Random(f"{seed} builds")
        self.hosts = [self._make_host(f"host-{number:04}") for number in range(hosts)]
        self.places = self.free = hosts * limit
        self.old = hosts
        """The number of hosts that still have to be updated or replaced."""
        self.sessions: dict[int, Session] = {}
        self.wanting: set[int] = set()
        """People who want to work now, with or without a session."""
        self.now = 0.0
        self.prefers_new = False
        """Whether new sessions are placed on updated hosts while one of them has capacity."""
        self.on_left: Action = nothing
        """Called with the host when a user's session has ended without a forced sign-out."""
        self.changes = 0
        self.numbers = 0
        self.forced = self.warned = self.warned_and_left = 0
        self.turned_away: list[float] = []
        """The times of refused logons, counted once per logon and once per forced sign-out."""
        self.first_forced = math.inf
        self.lowest_free = self.free
        self.most_hosts = hosts
        self._next_action = 0
        self._queue: list[tuple[float, int, Action, tuple[Any, ...]]] = []
        self._queued = 0
        self.trying: set[int] = set()
        self._draws = Random(f"{seed} luck")

    def _make_host(self, name: str) -> Host:
        """Create a host with its own rebuild time."""
        minutes = self._builds.lognormvariate(math.log(15), 0.25)
        return Host(name, float(round(min(40.0, max(8.0, minutes)) * MINUTE)))

    # Time.

    def at(self, when: float, action: Action, *given: Any) -> None:
        """Call `action(*given)` at this second."""
        self._queued += 1
        heapq.heappush(self._queue, (when, self._queued, action, given))

    def run(self, until: float, *, stop_when_new: bool = False) -> None:
        """Process events up to `until`, or until all hosts are updated if `stop_when_new` is set."""
        actions, queue = self.trace.actions, self._queue
        while not (stop_when_new and self.old == 0):
            action_at = actions[self._next_action].at if self._next_action < len(actions) else math.inf
            event_at = queue[0][0] if queue else math.inf
            when = min(action_at, event_at)
            if when > until:
                self.now = until
                return
            self.now = when
            if event_at <= action_at:
                _, _, action, given = heapq.heappop(queue)
                action(*given)
            else:
                self._next_action += 1
                self._user_action(actions[self._next_action - 1])

    # People.

    def _user_action(self, wish: UserAction) -> None:
        session = self.sessions.get(wish.person)
        if wish.what is ActionKind.COME:
            self.wanting.add(wish.person)
            if session is None:
                self._log_on(wish.person, wish.draw)
            else:
                session.connected = True
            return
        self.wanting.discard(wish.person)
        if session is None:
            return
        if wish.what is ActionKind.LOG_OFF:
            self._ended_by_itself(session)
            return
        session.connected = False
        session.left += 1
        self.at(self.now + self.trace.time_limit, self._time_limit, session, session.left)

    def _time_limit(self, session: Session, left: int) -> None:
        if self.sessions.get(session.person) is session and not session.connected and session.left == left:
            self._ended_by_itself(session)

    def _log_on(self, person: int, draw: float) -> None:
        host = self._place(draw)
        if host is None:
            self.turned_away.append(self.now)
            self._try_again(person)
            return
        self.numbers += 1
        self.sessions[person] = host.people[person] = Session(person, self.numbers, host)
        self.changes += 1
        self._count(-1)

    def _try_again(self, person: int) -> None:
        if person not in self.trying:
            self.trying.add(person)
            self.at(self.now + RETRY_SECONDS, self._tries, person)

    def _tries(self, person: int) -> None:
        self.trying.discard(person)
        if person not in self.wanting or person in self.sessions:
            return
        if self._place(0.0) is None:
            self._try_again(person)  # the same logon, which was counted before
            return
        self._log_on(person, self._draws.random())

    def _place(self, draw: float) -> Host | None:
        """The host for a new session, or None when no accepting host has capacity."""
        roomy = [host for host in self.hosts if host.accepting and len(host.people) < self.limit]
        if self.prefers_new:
            roomy = [host for host in roomy if host.new] or roomy
        return place(roomy, self.spread, draw)

    def _ended_by_itself(self, session: Session) -> None:
        self.warned_and_left += session.warned
        self._end(session)
        self.on_left(session.host)

    def _end(self, session: Session) -> None:
        del self.sessions[session.person]
        del session.host.people[session.person]
        self.changes += 1
        if session.host.accepting:
            self._count(1)

    def _count(self, freed: int) -> None:
        self.free += freed
        self.lowest_free = min(self.lowest_free, self.free)

    # Actions of a policy.

    def accept(self, host: Host, *, accepting: bool) -> None:
        """Drain or undrain a host."""
        if host.accepting is not accepting:
            host.accepting = accepting
            self.changes += 1
            self._count((1 if accepting else -1) * (self.limit - len(host.people)))

    def warn(self, host: Host) -> None:
        """Warn all users on the host that their session will end. Each session is counted once."""
        for session in host.people.values():
            self.warn_session(session)

    def warn_session(self, session: Session) -> None:
        """Warn one user. The warning was in vain if the policy does not end the session."""
        self.warned += not session.warned
        session.warned = True

    def sign_out(self, host: Host) -> None:
        """End all sessions of the host, connected or not. Users who still work log on again at once."""
        ended = list(host.people.values())
        for session in ended:
            self.forced += 1
            self.first_forced = min(self.first_forced, self.now)
            self._end(session)
        for session in ended:
            if session.person in self.wanting:
                self._log_on(session.person, self._draws.random())

    def close(self, hosts: Sequence[Host]) -> None:
        """Drain several hosts at once, so that nobody signed out from one of them is placed on another."""
        for host in hosts:
            self.accept(host, accepting=False)

    def rebuild(self, host: Host, back: Action = nothing) -> None:
        """Rebuild the host on the new version, and return it to the pool. Its users are signed out."""
        self._take_out(host)
        self.at(self.now + host.build, self._built, host, back)

    def add(self, host: Host, ready: Action = nothing) -> None:
        """Create a host on the new version. It joins the pool after its build time."""
        self.at(self.now + host.build, self._joins, host, ready)

    def delete(self, host: Host) -> None:
        """Delete an old host. Its users are signed out."""
        self._take_out(host)
        self.hosts.remove(host)
        self.old -= 1

    def _take_out(self, host: Host) -> None:
        self.accept(host, accepting=False)
        self.sign_out(host)
        host.there = False
        self.changes += 1

    def _built(self, host: Host, back: Action) -> None:
        host.there = host.new = True
        self.old -= 1
        self.accept(host, accepting=True)
        back(host)

    def _joins(self, host: Host, ready: Action) -> None:
        host.new, host.accepting = True, False
        self.hosts.append(host)
        self.most_hosts = max(self.most_hosts, len(self.hosts))
        self.accept(host, accepting=True)
        ready(host)

    # Counting.

    def begin(self) -> None:
        """Reset the counters."""
        self.forced = self.warned = self.warned_and_left = 0
        self.turned_away = []
        self.lowest_free = self.free

    @property
    def warned_in_vain(self) -> int:
        """The number of warned sessions that the policy did not end: their user left, or they are still open."""
        return self.warned_and_left + sum(session.warned for session in self.sessions.values())
