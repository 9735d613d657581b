"""How far a rollout is, honestly: percent of the work, what comes next, when it ends. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.api.rollouts import NextMoment, RolloutBrief, RolloutView
from shared.core.states import HostState, RolloutState
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning import timing
from shared.planning.forecast import forecast
from shared.planning.freshness import is_fresh
from shared.planning.host_time import host_time
from shared.planning.windows import FOREVER, open_until, opens_at

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


_STOPS = frozenset({RolloutState.CANCELLING, RolloutState.CANCELLED, RolloutState.FAILED})
"""States in which not all of the work will be done, or was."""


def percent(counts: Mapping[str, int], *, ended: bool, undone: int | None = None) -> int:
    """Percent of the work that is done, rounded down; 100 only when the rollout has ended.

    `undone`: of a rollout that stops before its time, hosts that were left or have failed; None of any other.
    """
    total = sum(counts.values())
    if total == 0:
        return 100 if ended and undone is None else 0
    done = sum(WEIGHTS[HostState(state)] * count for state, count in counts.items()) - 100 * (undone or 0)
    return done // total if ended else min(done // total, 99)


def is_not_updated(rollout: Rollout, host: RolloutHost) -> bool:
    """Whether nothing was done with a host because the rollout was stopped, and not because nothing was to be done."""
    if host.state is not HostState.SKIPPED or host.vm_missing or host.missing_since:
        return False
    return host.rolling_back if rollout.rolling_back else host.version != rollout.version


def _not_done(rollout: Rollout, counts: Mapping[str, int], left: int) -> int | None:
    """A refresh has no work that could be left: it is stopped once its pool wants it no more."""
    stops = rollout.state in _STOPS and rollout.kind is not RolloutKind.REFRESH
    return left + counts.get(HostState.FAILED, 0) if stops else None


def next_moment(rollout: Rollout, now: datetime) -> NextMoment | None:
    """What happens next; None after the end."""
    match rollout.state:
        case state if state.ended:
            return None
        case RolloutState.PAUSED if rollout.kind is RolloutKind.REFRESH:
            return _whenever("nothing: it is paused until somebody resumes it")
        case RolloutState.PAUSED:
            return _whenever("nothing: it is paused until somebody resumes or cancels it")
        case RolloutState.AWAITING_APPROVAL:
            since = rollout.awaiting_since
            text = f"since {since.isoformat(timespec='seconds')} it waits" if since else "it waits"
            return _whenever(f"nothing: {text} until somebody approves or cancels it")
        case RolloutState.CANCELLING:
            return _whenever("hosts in work are finished, then it ends")
        case _ if rollout.rolling_back:
            return _next_while_rolling_back(rollout, now)
        case _:
            return _by_schedule(rollout, now)


def _next_while_rolling_back(rollout: Rollout, now: datetime) -> NextMoment:
    """Hosts go back as they empty; people on them still have until `force_at`, and are warned of it."""
    back = "hosts go back to what they were"
    ahead = _of_schedule(rollout, now, begins=False)
    return NextMoment(at=ahead[0].at, action=f"{ahead[0].action}; meanwhile {back}") if ahead else _whenever(back)


def _by_schedule(rollout: Rollout, now: datetime) -> NextMoment:
    """The next moment of the schedule or of the windows, whichever comes first."""
    if rollout.kind is RolloutKind.REFRESH and rollout.note:
        return _whenever(rollout.note)  # why nothing is begun
    begin = max(now, rollout.schedule.begin_at)
    until, opens = _windows(rollout, begin)
    upcoming = [] if rollout.kind is RolloutKind.REFRESH else _of_schedule(rollout, now, begins=opens is None)
    if opens:
        upcoming.append(NextMoment(at=opens, action="the window opens, hosts may be taken"))
    elif until:
        upcoming.append(NextMoment(at=until, action="the window closes: hosts in work finish, no other is begun"))
    if upcoming:
        return min(upcoming, key=lambda text: text.at or now)
    if rollout.kind is RolloutKind.REFRESH:
        return _whenever("hosts are made fresh after they were used")
    return _whenever("the remaining hosts are updated")


def _of_schedule(rollout: Rollout, now: datetime, *, begins: bool) -> list[NextMoment]:
    """The schedule's next moment, if there is one; its beginning only when hosts may be taken then."""
    moment = timing.next_moment(rollout.schedule, rollout.policy, now)
    if moment and moment.at == rollout.schedule.begin_at and not begins:
        moment = timing.next_moment(rollout.schedule, rollout.policy, moment.at)
    return [NextMoment(at=moment.at, action=moment.action)] if moment else []


def _whenever(action: str) -> NextMoment:
    return NextMoment(at=None, action=action)


def _windows(rollout: Rollout, moment: datetime) -> tuple[datetime | None, datetime | None]:
    """Until when work is allowed then, or from when on it is; None where nothing bounds it.

    Going back does not wait for windows: a pool that is half on a bad version is worse than one worked on by day.
    """
    windows = rollout.policy.windows
    if not windows or rollout.state.ended or rollout.rolling_back:
        return None, None
    until = open_until(windows, rollout.zone, moment)
    if until is None:
        return None, opens_at(windows, rollout.zone, moment)
    return (None if until == FOREVER else until), None


def brief(rollout: Rollout) -> RolloutBrief:
    """A rollout for a list, from its own row alone: counts are those of its last look."""
    return RolloutBrief(
        **_brief_fields(rollout, rollout.counts, rollout.last_pass.not_updated if rollout.last_pass else 0)
    )


def _brief_fields(rollout: Rollout, counts: Mapping[str, int], left: int) -> dict[str, object]:
    kept = {name: getattr(rollout, name) for name in RolloutBrief.model_fields if name not in {"percent", "counts"}}
    done = percent(counts, ended=rollout.state.ended, undone=_not_done(rollout, counts, left))
    if rollout.kind is RolloutKind.REFRESH and not rollout.state.ended:
        done = fresh_percent(rollout.last_pass.fresh, rollout.last_pass.hosts) if rollout.last_pass else 0
    return kept | {"percent": done, "counts": dict(counts)}


def fresh_percent(fresh: int, hosts: int) -> int:
    """Of a refresh: the share of hosts nobody has used since they were made, rounded down. It never ends by itself."""
    return 100 * fresh // hosts if hosts else 100


def _of_refresh(rollout: Rollout, hosts: Sequence[RolloutHost]) -> dict[str, object]:
    """What is told of a refresh only."""
    if rollout.kind is not RolloutKind.REFRESH:
        return {}
    there = [host for host in hosts if host.state is not HostState.SKIPPED]
    fresh = sum(is_fresh(host) for host in there)
    text: dict[str, object] = {"fresh": fresh}
    if rollout.last_pass and not rollout.state.ended:
        text["percent"] = fresh_percent(fresh, len(there))
    return text


def progress(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> RolloutView:
    """A rollout with everything an operator asks about it, from its rows."""
    counts = {state.value: 0 for state in HostState}
    for host in hosts:
        counts[host.state.value] += 1
    shown = {state: count for state, count in counts.items() if count}
    open_sessions = sum(host.sessions for host in hosts if not host.state.ended)
    each = host_time(hosts, timedelta(seconds=rollout.first_guess))
    foreseen = forecast(rollout, hosts, now)
    open_till, opens = _windows(rollout, now)
    return RolloutView.model_validate(
        _brief_fields(rollout, shown, sum(is_not_updated(rollout, host) for host in hosts))
        | {
            "policy": rollout.policy,
            "hosts": len(hosts),
            "accepting": rollout.last_pass.accepting if rollout.last_pass else None,
            "sessions_open": rollout.last_pass.sessions_to_end if rollout.last_pass else open_sessions,
            "sessions_signed_out": rollout.signed_out,
            "minutes_per_host": round(each / timedelta(minutes=1), 1),
            "next": next_moment(rollout, now),
            "expected_end": foreseen.expected,
            "expected_end_bounds": foreseen.bounds,
            "last_pass_at": rollout.last_pass.at if rollout.last_pass else None,
            "versions": dict(sorted(Counter(host.version or "unknown" for host in hosts).items())),
            "rolling_back": rollout.rolling_back,
            "approved_at": rollout.approved_at,
            "approved_by": rollout.approved_by,
            "windows_open_until": open_till,
            "windows_opens_at": opens,
        }
        | _of_refresh(rollout, hosts)
    )
