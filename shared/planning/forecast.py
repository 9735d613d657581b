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
from shared.models.policy import AfterForce, ScheduleMode, share_down, share_up
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.models.windows import Window
from shared.planning import waves
from shared.planning.budget import HOSTS_PER_REPLICA
from shared.planning.host_time import host_time
from shared.planning.values import DRAINED_STATES
from shared.planning.waves import FARTHEST, end_of_waves, waves_needed
from shared.planning.windows import opens_at

WAITS_FOR_A_PERSON = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


@dataclass(frozen=True)
class Forecast:
    """The expected end, with the earliest and the latest end; None while it cannot be estimated."""

    expected: datetime | None = None
    bounds: tuple[datetime, datetime] | None = None


def forecast(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime, *, first: int | None = None) -> Forecast:
    """The end of the rollout, assuming that signed-in users stay until `force_at`.

    The earliest end assumes that no host waits for its users. The latest end assumes that every host which still
    accepts sessions keeps users until `force_at`. `first` is the number of canary hosts; None: the policy's number.
    """
    if rollout.state.ended:
        ended = rollout.ended_at
        return Forecast(ended, (ended, ended) if ended else None)
    standing = rollout.kind is RolloutKind.REFRESH and rollout.state is not RolloutState.CANCELLING
    if standing or rollout.state in WAITS_FOR_A_PERSON or not hosts:
        return Forecast()
    course = _Course(rollout, hosts, now, rollout.policy.canary_hosts if first is None else first)
    waiting = course.waiting
    idle = sum(1 for host in waiting if host.sessions == 0)
    certain = sum(1 for host in waiting if host.sessions == 0 and host.state in DRAINED_STATES)
    early = course.end(len(waiting), 0)
    expected = course.end(idle, len(waiting) - idle)
    late = max(expected, course.end(certain, len(waiting) - certain))
    if late > now + FARTHEST:
        return Forecast(expected if expected <= now + FARTHEST else None)
    return Forecast(expected, (min(early, expected), late))


@dataclass(frozen=True)
class _Course:
    """One rollout as it is now. `first` is the number of canary hosts.

    Values computed from all hosts are cached: they are needed once per host, and a caller waits for the answer.
    """

    rollout: Rollout
    hosts: Sequence[RolloutHost]
    now: datetime
    first: int

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
    def waits_for_the_first(self) -> bool:
        """Whether the canary hosts have not passed their checks yet."""
        return self.first > 0 and self.rollout.canary_passed_at is None and not self.rollout.rolling_back

    def end(self, soon: int, later: int) -> datetime:
        """The end if `soon` hosts are rebuilt as soon as the limits allow, and `later` hosts not before `force_at`."""
        finished = max((self._finish(host) for host in self.in_work), default=self.now)
        if self.rollout.state is RolloutState.CANCELLING:
            return finished
        settle = timedelta(seconds=2 * self.rollout.policy.settle_seconds)
        begin = max(self.now, self.rollout.schedule.begin_at)
        finished = max(finished, begin)
        forced = max(begin, self.rollout.schedule.force_at)
        if self._at_once(begin) == 0:
            soon, later = 0, soon + later
        begin, forced = self._opened(begin) + settle, self._opened(forced) + settle
        clean = len(self.in_work)
        if self.waits_for_the_first:
            ahead = min(self._still_ahead(), soon or later)
            if ahead:
                finished = max(finished, self._watched(self._through(ahead, 0, begin if soon else forced)))
            soon, later = (soon - ahead, later) if soon else (soon, later - ahead)
            begin, forced, clean = max(begin, finished), max(forced, finished), clean + ahead
        finished = max(finished, self._through(soon, clean, begin))
        return max(finished, self._through(later, clean + soon, forced))

    @property
    def windows(self) -> tuple[Window, ...]:
        """The maintenance windows that apply; a roll-back ignores them."""
        return () if self.rollout.rolling_back else self.rollout.policy.windows

    def _opened(self, moment: datetime) -> datetime:
        return opens_at(self.windows, self.rollout.zone, moment)

    def _still_ahead(self) -> int:
        """Number of canary hosts that are not started yet."""
        begun = sum(1 for host in self.hosts if host.state is HostState.DONE) + len(self.in_work)
        return max(0, self.first - begun)

    def _finish(self, host: RolloutHost) -> datetime:
        """When a host that is being rebuilt has finished."""
        if host.check.proved_at:
            return self.now
        if host.check.proving_since:
            return max(self.now, self._watched(host.check.proving_since))
        rebuilt = max(self.now, (host.taken_at or self.now) + self.each)
        return self._watched(rebuilt) if self.waits_for_the_first else rebuilt

    def _watched(self, since: datetime) -> datetime:
        return since + timedelta(minutes=self.rollout.policy.bake_minutes)

    def _through(self, hosts: int, clean: int, start: datetime) -> datetime:
        """When `hosts` hosts have finished if the first starts at `start`, after `clean` more successful results."""
        if hosts == 0:
            return self.now
        at_once = self._at_once(start)
        if at_once == 0:
            return start + 2 * FARTHEST
        policy, back = self.rollout.policy, self.rollout.rolling_back
        careful = policy.canary_hosts if policy.canary_hosts and not back else at_once
        dared = waves.batch_size([*waves.results(self.hosts, back=back), *[True] * clean], careful, at_once)
        return end_of_waves(waves_needed(hosts, at_once, dared), self.each, self.windows, self.rollout.zone, start)

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
