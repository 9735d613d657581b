"""How far a rollout is, honestly: percent of the work, what comes next, when it ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from shared.models.policy import AfterForce, ScheduleMode, share_down
from shared.models.rollouts import Rollout, RolloutHost
from shared.models.views import NextMoment, RolloutBrief, RolloutHostView, RolloutView
from shared.planning import moments
from shared.planning.budget import HOSTS_PER_REPLICA
from shared.states import HostState, RolloutState

FIRST_GUESS = timedelta(minutes=20)
"""How long a host takes, before one has finished."""

WEIGHTS = {
    HostState.PENDING: 0,
    HostState.DRAINING: 5,
    HostState.WAITING_FOR_LOGOFF: 10,
    HostState.SIGNING_OUT: 15,
    HostState.REIMAGING: 25,
    HostState.JOINING: 70,
    HostState.VERIFYING: 85,
    HostState.DONE: 100,
    HostState.SKIPPED: 100,
    HostState.FAILED: 100,
}
"""Percent of a host's work that is behind it once it has got into a state."""

_WAITS_FOR_A_PERSON = {
    RolloutState.PAUSED: "nothing: it is paused until somebody resumes or cancels it",
    RolloutState.AWAITING_APPROVAL: "nothing: it waits until somebody approves or cancels it",
}


def percent(counts: Mapping[str, int], *, ended: bool) -> int:
    """Percent of the work that is done, rounded down; 100 only when the rollout has ended."""
    total = sum(counts.values())
    if total == 0:
        return 100 if ended else 0
    done = sum(WEIGHTS[HostState(state)] * count for state, count in counts.items()) // total
    return done if ended else min(done, 99)


def time_per_host(hosts: Sequence[RolloutHost]) -> timedelta:
    """The median time from taking a host to its end, of those that are done; a first guess before one is."""
    seconds = [
        (host.ended_at - host.taken_at).total_seconds()
        for host in hosts
        if host.state is HostState.DONE and host.taken_at and host.ended_at
    ]
    return timedelta(seconds=median(seconds)) if seconds else FIRST_GUESS


def expected_end(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> datetime | None:
    """When the rollout ends if hosts take as long as those before, and people stay until the deadline.

    None while it waits for a person, and before the hosts are known.
    """
    if rollout.state.ended:
        return rollout.ended_at
    if rollout.state in _WAITS_FOR_A_PERSON or not hosts:
        return None
    each = time_per_host(hosts)
    left = [host for host in hosts if not host.state.ended]
    in_work = [host for host in left if host.state.in_work]
    finished = max((_finish(host, each, now) for host in in_work), default=now)
    if rollout.state is RolloutState.CANCELLING:
        return finished
    settle = timedelta(seconds=2 * rollout.policy.settle_seconds)
    busy = [host for host in left if not host.state.in_work and host.sessions]
    idle = len(left) - len(in_work) - len(busy)
    start = max(now, rollout.schedule.begin_at)
    if idle:
        finished = max(finished, start + settle + _waves(idle, _window(rollout, len(hosts))) * each)
    if busy:
        forced = max(start, rollout.schedule.force_at)
        wide = _window(rollout, len(hosts), forced=True)
        finished = max(finished, forced + settle + _waves(len(busy), wide) * each)
    return finished


def _finish(host: RolloutHost, each: timedelta, now: datetime) -> datetime:
    return max(now, (host.taken_at or now) + each)


def _waves(hosts: int, window: int) -> int:
    return math.ceil(hosts / window)


def _window(rollout: Rollout, total: int, *, forced: bool = False) -> int:
    """How many hosts may be rebuilt at a time."""
    policy = rollout.policy
    cap = min(policy.max_in_flight, HOSTS_PER_REPLICA * max(1, rollout.replicas))
    on_logoff = rollout.schedule.mode is ScheduleMode.ON_LOGOFF
    if forced and on_logoff and policy.after_force is AfterForce.ALL:
        return cap
    return max(1, min(cap, share_down(policy.max_unavailable, total)))


def next_moment(rollout: Rollout, now: datetime) -> NextMoment | None:
    """What happens next; None after the end."""
    if rollout.state.ended:
        return None
    if waits := _WAITS_FOR_A_PERSON.get(rollout.state):
        return NextMoment(at=None, does=waits)
    if rollout.state is RolloutState.CANCELLING:
        return NextMoment(at=None, does="hosts in work are finished, then it ends")
    moment = moments.next_moment(rollout.schedule, rollout.policy, now)
    if moment is None:
        return NextMoment(at=None, does="the remaining hosts are updated")
    return NextMoment(at=moment.at, does=moment.does)


def brief(rollout: Rollout, counts: Mapping[str, int] | None = None) -> RolloutBrief:
    """A rollout for a list, from its own row alone: counts are those of its last look unless given."""
    return RolloutBrief(**_brief_fields(rollout, rollout.counts if counts is None else counts))


def _brief_fields(rollout: Rollout, counts: Mapping[str, int]) -> dict[str, object]:
    kept = {name: getattr(rollout, name) for name in RolloutBrief.model_fields if name not in {"percent", "counts"}}
    return kept | {"percent": percent(counts, ended=rollout.state.ended), "counts": dict(counts)}


def progress(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> RolloutView:
    """A rollout with everything an operator asks about it, from its rows."""
    counts = {state.value: 0 for state in HostState}
    for host in hosts:
        counts[host.state.value] += 1
    shown = {state: count for state, count in counts.items() if count}
    open_sessions = sum(host.sessions for host in hosts if not host.state.ended)
    return RolloutView.model_validate(
        _brief_fields(rollout, shown)
        | {
            "policy": rollout.policy,
            "hosts": len(hosts),
            "accepting": rollout.look.accepting if rollout.look else None,
            "sessions_open": rollout.look.sessions_to_end if rollout.look else open_sessions,
            "sessions_signed_out": rollout.signed_out,
            "minutes_per_host": round(time_per_host(hosts) / timedelta(minutes=1), 1),
            "next": next_moment(rollout, now),
            "expected_end": expected_end(rollout, hosts, now),
            "looked_at": rollout.look.at if rollout.look else None,
        }
    )


def view_host(host: RolloutHost, target: str) -> RolloutHostView:
    """One host of a rollout, for people."""
    kept = {name: getattr(host, name) for name in RolloutHostView.model_fields if name != "target"}
    return RolloutHostView.model_validate(kept | {"target": target})
