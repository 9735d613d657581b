"""A pool in virtual time: hosts, sessions, and what is counted. The same for every policy.

A person with a session gets back to it, also on a drained host (Microsoft Learn, "Configure host pool load balancing").
Durations of a rebuild are an estimate (azure-facts 1.9 has no official number): about 15 minutes, 8 to 40, drawn once
per host from the seed, and the same host takes the same time under every policy. Nothing fails here.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from random import Random
from typing import Any

from bench.outcome.hosts import Action, Host, Session, Spread, nothing, place
from bench.outcome.people import Trace, What, Wish

MINUTE = 60.0
TRIES_AGAIN = 5 * MINUTE
"""Somebody who was turned away tries again so long afterwards, until they wanted to leave anyway."""


class Pool:
    """Hosts and people, moved on by `run`. A policy acts by its methods, and by `at`, at moments it chooses."""

    def __init__(
        self, trace: Trace, *, hosts: int = 200, limit: int = 16, spread: Spread = Spread.BREADTH, seed: int = 1
    ) -> None:
        self.trace, self.limit, self.spread, self.size = trace, limit, spread, hosts
        self._builds = Random(f"{seed} builds")
        self.hosts = [self._make_host(f"host-{number:04}") for number in range(hosts)]
        self.places = self.free = hosts * limit
        self.old = hosts
        """Hosts that still have to be updated, or replaced."""
        self.sessions: dict[int, Session] = {}
        self.wanting: set[int] = set()
        """People who would work now, whether they found a place or not."""
        self.now = 0.0
        self.prefers_new = False
        """Whether new sessions go to updated hosts while one of them has room."""
        self.on_left: Action = nothing
        """Told of the host when a session has ended that nobody ended."""
        self.changes = 0
        self.numbers = 0
        self.forced = self.warned = self.in_vain = 0
        self.turned_away: list[float] = []
        """When somebody found no place, once per wish and once per sign-out by force."""
        self.first_forced = math.inf
        self.lowest_free = self.free
        self.most_hosts = hosts
        self._next_wish = 0
        self._queue: list[tuple[float, int, Action, tuple[Any, ...]]] = []
        self._queued = 0
        self.trying: set[int] = set()
        self._luck = Random(f"{seed} luck")

    def _make_host(self, name: str) -> Host:
        """A host with its own time to rebuild."""
        minutes = self._builds.lognormvariate(math.log(15), 0.25)
        return Host(name, float(round(min(40.0, max(8.0, minutes)) * MINUTE)))

    # Time.

    def at(self, when: float, action: Action, *given: Any) -> None:
        """Have `action(*given)` called at this second."""
        self._queued += 1
        heapq.heappush(self._queue, (when, self._queued, action, given))

    def run(self, until: float, *, stop_when_new: bool = False) -> None:
        """Let time pass, event by event, up to `until`, or until no host is left to be updated."""
        wishes, queue = self.trace.wishes, self._queue
        while not (stop_when_new and self.old == 0):
            wish_at = wishes[self._next_wish].at if self._next_wish < len(wishes) else math.inf
            acts_at = queue[0][0] if queue else math.inf
            when = min(wish_at, acts_at)
            if when > until:
                self.now = until
                return
            self.now = when
            if acts_at <= wish_at:
                _, _, action, given = heapq.heappop(queue)
                action(*given)
            else:
                self._next_wish += 1
                self._wish(wishes[self._next_wish - 1])

    # People.

    def _wish(self, wish: Wish) -> None:
        session = self.sessions.get(wish.person)
        if wish.what is What.COME:
            self.wanting.add(wish.person)
            if session is None:
                self._log_on(wish.person, wish.luck)
            else:
                session.connected = True
            return
        self.wanting.discard(wish.person)
        if session is None:
            return
        if wish.what is What.LOG_OFF:
            self._ended_by_itself(session)
            return
        session.connected = False
        session.left += 1
        self.at(self.now + self.trace.time_limit, self._time_limit, session, session.left)

    def _time_limit(self, session: Session, left: int) -> None:
        if self.sessions.get(session.person) is session and not session.connected and session.left == left:
            self._ended_by_itself(session)

    def _log_on(self, person: int, luck: float) -> None:
        host = self._place(luck)
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
            self.at(self.now + TRIES_AGAIN, self._tries, person)

    def _tries(self, person: int) -> None:
        self.trying.discard(person)
        if person not in self.wanting or person in self.sessions:
            return
        if self._place(0.0) is None:
            self._try_again(person)  # the same wish: it was counted
            return
        self._log_on(person, self._luck.random())

    def _place(self, luck: float) -> Host | None:
        """The host for a new session; None: no host that accepts sessions has room."""
        roomy = [host for host in self.hosts if host.accepting and len(host.people) < self.limit]
        if self.prefers_new:
            roomy = [host for host in roomy if host.new] or roomy
        return place(roomy, self.spread, luck)

    def _ended_by_itself(self, session: Session) -> None:
        self.in_vain += session.warned
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

    # What a policy may do.

    def accept(self, host: Host, *, accepting: bool) -> None:
        """Drain a host, or let it have sessions again."""
        if host.accepting is not accepting:
            host.accepting = accepting
            self.changes += 1
            self._count((1 if accepting else -1) * (self.limit - len(host.people)))

    def warn(self, host: Host) -> None:
        """Tell everybody on the host that their session is to end. Each session is counted once."""
        for session in host.people.values():
            self.warn_session(session)

    def warn_session(self, session: Session) -> None:
        """Tell one person. It was in vain if the session is not ended by the policy after all."""
        self.warned += not session.warned
        session.warned = True

    def sign_out(self, host: Host) -> None:
        """End every session of the host, connected or not. Who still works logs on again at once."""
        ended = list(host.people.values())
        for session in ended:
            self.forced += 1
            self.first_forced = min(self.first_forced, self.now)
            self._end(session)
        for session in ended:
            if session.person in self.wanting:
                self._log_on(session.person, self._luck.random())

    def close(self, hosts: Sequence[Host]) -> None:
        """Drain several at once, so that nobody who is thrown out of one lands on the next."""
        for host in hosts:
            self.accept(host, accepting=False)

    def rebuild(self, host: Host, back: Action = nothing) -> None:
        """Take the host out of the pool and bring it back on the new version. Whoever is on it is thrown out."""
        self._take_out(host)
        self.at(self.now + host.build, self._built, host, back)

    def add(self, host: Host, ready: Action = nothing) -> None:
        """Create one more host, on the new version; it joins the pool when it is built."""
        self.at(self.now + host.build, self._joins, host, ready)

    def delete(self, host: Host) -> None:
        """Remove an old host for good. Whoever is on it is thrown out."""
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
        """Count from now on."""
        self.forced = self.warned = self.in_vain = 0
        self.turned_away = []
        self.lowest_free = self.free

    @property
    def warned_in_vain(self) -> int:
        """Sessions that were warned and not ended by the policy: they ended by themselves, or are still open."""
        return self.in_vain + sum(session.warned for session in self.sessions.values())
