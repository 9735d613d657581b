"""The expected end of a rollout, with an earliest and a latest bound. Pure.

The estimate includes the measured time per host, the batch size, maintenance windows, the bake time and users who stay
signed in. It excludes failures, further attempts, hosts that join or leave, and the time until somebody approves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from shared.core.states import HostState, RolloutState
from shared.models.host_parts import WaitKind
from shared.models.policy import AfterForce, ScheduleMode, share_down, share_up
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.models.windows import Window
from shared.planning import waves
from shared.planning.budget import HOSTS_PER_REPLICA
from shared.planning.host_time import host_time
from shared.planning.lost_hosts import lost_hosts
from shared.planning.values import DRAINED_STATES
from shared.planning.waves import FARTHEST, end_of_waves, waves_needed
from shared.planning.windows import opens_at

WAITS_FOR_A_PERSON = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


@dataclass(frozen=True)
class Forecast:
    """The expected end, with the earliest and the latest end; None while it cannot be estimated."""

    expected: datetime | None = None
    bounds: tuple[datetime, datetime] | None = None


def forecast(
    rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime, *, canary_hosts: int | None = None
) -> Forecast:
    """The end of the rollout, assuming that signed-in users stay until `force_at`.

    The earliest end assumes that no host waits for its users. The latest end assumes that every host which still
    accepts sessions keeps users until `force_at`. `canary_hosts`: their number; None: the policy's number.
    """
    if rollout.state.ended:
        ended = rollout.ended_at
        return Forecast(ended, (ended, ended) if ended else None)
    refreshing = rollout.kind is RolloutKind.REFRESH and rollout.state is not RolloutState.CANCELLING
    if refreshing or rollout.state in WAITS_FOR_A_PERSON or not hosts:
        return Forecast()
    canary = _first_hosts(rollout) if canary_hosts is None else canary_hosts
    projection = _Projection(rollout, hosts, now, canary)
    waiting = projection.waiting
    idle = sum(1 for host in waiting if host.sessions == 0)
    certain = sum(1 for host in waiting if host.sessions == 0 and host.state in DRAINED_STATES)
    early = projection.end(len(waiting), 0)
    expected = projection.end(idle, len(waiting) - idle)
    late = max(expected, projection.end(certain, len(waiting) - certain))
    if late > now + FARTHEST:
        return Forecast(expected if expected <= now + FARTHEST else None)
    return Forecast(expected, (min(early, expected), late))


def _first_hosts(rollout: Rollout) -> int:
    """How many hosts the others wait for: the canary hosts, or the one that has to prove the update."""
    last = rollout.progress.last_pass
    return max(rollout.policy.canary_hosts, int(last is not None and last.unproven))


@dataclass(frozen=True)
class _Projection:
    """One rollout as it is now, with the number of its canary hosts.

    Values computed from all hosts are cached: they are needed once per host, and a caller waits for the answer.
    """

    rollout: Rollout
    hosts: Sequence[RolloutHost]
    now: datetime
    canary_hosts: int

    @cached_property
    def in_work(self) -> list[RolloutHost]:
        """Hosts that are being rebuilt."""
        return [host for host in self.hosts if host.state.in_work]

    @cached_property
    def waiting(self) -> list[RolloutHost]:
        """Hosts that are not started yet; during a roll-back, only hosts that are rolled back."""
        waiting = [host for host in self.hosts if not (host.state.ended or host.state.in_work)]
        return [host for host in waiting if host.rolling_back] if self.rollout.rolling_back else waiting

    @cached_property
    def each(self) -> timedelta:
        """How long a host takes."""
        return host_time(self.hosts, timedelta(seconds=self.rollout.first_guess))

    @property
    def waits_for_canary(self) -> bool:
        """Whether the canary hosts have not passed their checks yet."""
        return (
            self.canary_hosts > 0 and self.rollout.progress.canary_passed_at is None and not self.rollout.rolling_back
        )

    def end(self, soon: int, later: int) -> datetime:
        """The end if `soon` hosts are rebuilt as soon as the limits allow, and `later` hosts not before `force_at`."""
        finished = max((self._finish(host) for host in self.in_work), default=self.now)
        if self.rollout.state is RolloutState.CANCELLING:
            return finished
        settle = timedelta(seconds=2 * self.rollout.policy.settle_seconds)
        begin = max(self.now, self.rollout.schedule.begin_at, *self._lost_until())
        finished = max(finished, begin)
        forced = max(begin, self.rollout.schedule.force_at)
        if self._at_once(begin) == 0:
            soon, later = 0, soon + later
        begin, forced = self._opened(begin) + settle, self._opened(forced) + settle
        successes = len(self.in_work)
        if self.waits_for_canary:
            canary = min(self._canary_to_start(), soon or later)
            if canary:
                canary_end = self._end_of_hosts(canary, 0, begin if soon else forced)
                finished = max(finished, self._after_bake_time(canary_end))
            soon, later = (soon - canary, later) if soon else (soon, later - canary)
            begin, forced, successes = max(begin, finished), max(forced, finished), successes + canary
        finished = max(finished, self._end_of_hosts(soon, successes, begin))
        return max(finished, self._end_of_hosts(later, successes + soon, forced))

    @property
    def windows(self) -> tuple[Window, ...]:
        """The maintenance windows that apply; a roll-back ignores them."""
        return () if self.rollout.rolling_back else self.rollout.policy.windows

    def _opened(self, moment: datetime) -> datetime:
        return opens_at(self.windows, self.rollout.zone, moment)

    def _canary_to_start(self) -> int:
        """Number of canary hosts that are not started yet."""
        started = sum(1 for host in self.hosts if host.state is HostState.DONE) + len(self.in_work)
        return max(0, self.canary_hosts - started)

    def _finish(self, host: RolloutHost) -> datetime:
        """When a host that is being rebuilt has finished."""
        if host.check.proved_at:
            return self.now
        if host.check.proving_since:
            return max(self.now, self._after_bake_time(host.check.proving_since))
        rebuilt = max(self.now, (host.taken_at or self.now) + self.each)
        if host.azure_wait.until:
            again = host.azure_wait.kind is not WaitKind.BUSY  # then the host begins anew
            rebuilt = max(rebuilt, host.azure_wait.until + (self.each if again else timedelta()))
        return self._after_bake_time(rebuilt) if self.waits_for_canary else rebuilt

    def _lost_until(self) -> list[datetime]:
        """When lost hosts are expected back. Until then no other host is started, except in a roll-back."""
        return [] if self.rollout.rolling_back else [self._finish(host) for host in lost_hosts(self.hosts)]

    def _after_bake_time(self, since: datetime) -> datetime:
        return since + timedelta(minutes=self.rollout.policy.bake_minutes)

    def _end_of_hosts(self, hosts: int, successes: int, start: datetime) -> datetime:
        """When `hosts` hosts have finished if the first starts at `start`, after `successes` more successes."""
        if hosts == 0:
            return self.now
        at_once = self._at_once(start)
        if at_once == 0:
            return start + 2 * FARTHEST
        policy, back = self.rollout.policy, self.rollout.rolling_back
        smallest = policy.canary_hosts if policy.canary_hosts and not back else at_once
        results = [*waves.results(self.hosts, back=back), *[True] * successes]
        number = waves_needed(hosts, at_once, waves.batch_size(results, smallest, at_once))
        return end_of_waves(number, self.each, self.windows, self.rollout.zone, start)

    def _at_once(self, start: datetime) -> int:
        """How many hosts may be rebuilt at once from `start` on; 0 when the floor allows none."""
        rollout, total = self.rollout, len(self.hosts)
        policy = rollout.policy
        cap = min(policy.max_in_flight, HOSTS_PER_REPLICA * max(1, rollout.replicas))
        lifted = start >= rollout.schedule.force_at and policy.after_force is AfterForce.ALL
        if lifted and rollout.schedule.mode is ScheduleMode.ON_LOGOFF:
            return cap
        cap = min(cap, share_down(policy.max_unavailable, total))
        return cap if lifted else min(cap, total - share_up(policy.min_available, total))
