"""The timing of a rollout: which warning is due for a session, and when the next pass is due. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.models.messages import Message, message
from shared.models.policy import Policy
from shared.models.rollouts import RolloutHost, Schedule
from shared.planning.observe import GONE_AFTER
from shared.planning.values import DRAINED_STATES, Snapshot
from shared.planning.windows import may_begin, open_until, room_at

WARNED_STATES = DRAINED_STATES | {HostState.PENDING}
"""Hosts whose sessions will be ended at force_at."""

SCHEDULED_POLL = timedelta(minutes=10)
"""Interval of the passes over a scheduled rollout: a command whose signal was lost must not wait for days."""

_JUST_AFTER = timedelta(seconds=1)

SIGN_OUT_TAKES = timedelta(seconds=2)
"""The shortest time after which an ended session has disappeared."""

SIGN_OUT_REPEAT = timedelta(seconds=30)
"""Minimum time between two sign-outs of the same host."""


def due_step(policy: Policy, force_at: datetime, now: datetime) -> int | None:
    """The current warning step: the smallest one already reached; None before the first and after `force_at`."""
    if now >= force_at:
        return None
    remaining = force_at - now
    return min((step for step in policy.warn_minutes if remaining <= timedelta(minutes=step)), default=None)


_BEGIN, _WARN, _FORCE = (
    (Code.HOSTS_MAY_BE_TAKEN, "The first hosts may be taken."),
    (Code.USERS_WARNED, "Users are asked to sign out."),
    (Code.SESSIONS_END, "The remaining sessions are ended."),
)


def next_moment(schedule: Schedule, policy: Policy, now: datetime) -> datetime | None:
    """When the schedule's next event is due; None after `force_at`."""
    return min((at for at, _ in _moments(schedule, policy) if at > now), default=None)


def next_event(schedule: Schedule, policy: Policy, now: datetime) -> Message | None:
    """The schedule's next event and its time; None after `force_at`."""
    upcoming = [(at, what) for at, what in _moments(schedule, policy) if at > now]
    if not upcoming:
        return None
    at, (code, text) = min(upcoming, key=lambda one: one[0])
    return message(code, text, at=at)


def _moments(schedule: Schedule, policy: Policy) -> list[tuple[datetime, tuple[Code, str]]]:
    """The events of a schedule with their times; of several at the same time, people notice the first."""
    deadlines = [schedule.force_at, *([schedule.others_force_at] if schedule.others_force_at else [])]
    warnings = [(at - timedelta(minutes=step), _WARN) for at in deadlines for step in policy.warn_minutes]
    return [*((at, _FORCE) for at in deadlines), *warnings, (schedule.begin_at, _BEGIN)]


MAX_NOTICE = timedelta(minutes=15)
"""The longest warning before a roll-back signs users out: it is limited because the users are on a broken image."""


def time_with_drain(seconds: float, policy: Policy) -> timedelta:
    """The time a host needs from its drain on: twice the time to settle, then `seconds` of work."""
    return timedelta(seconds=seconds + 2 * policy.settle_seconds)


def notice_before_deadline(policy: Policy) -> timedelta:
    """How long before a new deadline users are warned at least: the longest warning step, within MAX_NOTICE."""
    return min(timedelta(minutes=max(policy.warn_minutes, default=0)), MAX_NOTICE)


def rollback_schedule(schedule: Schedule, policy: Policy, now: datetime) -> Schedule:
    """The schedule of a rollout that rolls back from `now` on.

    A `force_at` in the future stays. One in the past is moved later, so that users on updated hosts are warned as the
    policy says before they are signed out again.
    """
    schedule = schedule.replace(others_force_at=None)
    if now < schedule.force_at:
        return schedule
    notice = notice_before_deadline(policy)
    return schedule.replace(force_at=now + notice) if notice else schedule


def sign_out_wait(policy: Policy) -> timedelta:
    """Time between two sign-outs of the same host."""
    return max(timedelta(seconds=policy.settle_seconds), SIGN_OUT_REPEAT)


def signing_out_since(row: RolloutHost, policy: Policy, now: datetime) -> datetime | None:
    """Since when the host's sessions are being ended without interruption; None when that has to start (again).

    A pause, an outage or a moved deadline is an interruption. Its duration must not count against the host's limit.
    """
    if row.drain.sign_out_since is None or row.drain.signed_out_last is None:
        return None
    unbroken = now <= row.drain.signed_out_last + 2 * sign_out_wait(policy) + timedelta(seconds=policy.poll_seconds)
    return row.drain.sign_out_since if unbroken else None


def next_pass_due(snapshot: Snapshot, policy: Policy, now: datetime) -> datetime:
    """When the next pass is due if no event requests it earlier. It is never far away, because events may get lost."""
    poll = timedelta(seconds=policy.poll_seconds)
    waiting = snapshot.state is RolloutState.SCHEDULED and now < snapshot.schedule.begin_at
    times = [now + (max(poll, SCHEDULED_POLL) if waiting else poll)]
    upcoming = next_moment(snapshot.schedule, policy, now)
    if upcoming:
        times.append(upcoming)
    times += _window_times(snapshot, policy, now)
    settle = timedelta(seconds=policy.settle_seconds)
    for view in snapshot.hosts:
        if view.row.state in WARNED_STATES:
            times += _times_of(view.row, settle, now)
    return min(time for time in times if time >= now)


def time_to_start(snapshot: Snapshot, policy: Policy, now: datetime) -> bool:
    """Whether the windows allow a drained host to start now.

    If a window is long enough for a host but not for its drain as well, a host may start wherever one may be drained.
    Otherwise it would be drained and undrained in every window.
    """
    needs = snapshot.host_time, time_to_drain_and_start(snapshot, policy)
    return any(may_begin(policy.windows, snapshot.zone, now, need) for need in needs)


def time_to_drain_and_start(snapshot: Snapshot, policy: Policy) -> timedelta:
    """The time a host of this rollout needs from its drain on."""
    return time_with_drain(snapshot.host_time.total_seconds(), policy)


def _window_times(snapshot: Snapshot, policy: Policy, now: datetime) -> list[datetime]:
    """When the windows change what may start: the next opening, or the last time at which a host may start."""
    if not policy.windows or snapshot.rolling_back:
        return []
    until = open_until(policy.windows, snapshot.zone, now)
    if until is None or not time_to_start(snapshot, policy, now):
        return [room_at(policy.windows, snapshot.zone, now, snapshot.host_time)]
    return [until - snapshot.host_time + _JUST_AFTER] if until < datetime.max.replace(tzinfo=UTC) else []


def _times_of(row: RolloutHost, settle: timedelta, now: datetime) -> list[datetime]:
    """When a pass will find progress on this host."""
    times: list[datetime] = []
    times += [told.deadline for told in row.warnings.told.values() if told.deadline and told.deadline >= now]
    if row.state in WARNED_STATES and row.missing_since:
        times.append(row.missing_since + GONE_AFTER)
    if row.state not in DRAINED_STATES:
        return times
    drained_at, empty_since = row.drain.drained_at, row.drain.empty_since
    if drained_at and empty_since is None and row.state is HostState.DRAINING and not row.missing_since:
        times.append(max(now, drained_at + settle))  # once it has settled, a pass sees whether it is empty
    times += [moment + settle for moment in (drained_at, empty_since) if moment]
    if row.drain.signed_out_last:
        times += [row.drain.signed_out_last + max(settle, wait) for wait in (SIGN_OUT_TAKES, SIGN_OUT_REPEAT)]
    return times
