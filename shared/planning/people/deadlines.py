"""From when on the sessions of each host may be ended, and when that has to move. Pure.

Every host has the deadline `force_at`. If the canary has not passed by then, only the canary hosts' sessions are ended:
the deadline of the other hosts moves to when the canary is expected to pass (`others_force_at`), unless the policy has
`strict_deadline`. It is moved as soon as the canary can no longer pass in time, so that users are told early.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from shared.core.states import HostState, RolloutState
from shared.models.policy import Policy
from shared.models.rollouts import RolloutHost, RolloutKind
from shared.planning.canary import Canary
from shared.planning.people.notices import is_valid, told_to
from shared.planning.timing import (
    MAX_NOTICE,
    WARNED_STATES,
    notice_before_deadline,
    time_to_drain_and_start,
)
from shared.planning.values import HostView, Snapshot
from shared.planning.windows import opens_at, room_at

LATE_AFTER = timedelta(minutes=2)
"""If no pass came within this time after a deadline, users may no longer expect to be signed out."""

_OPEN = frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING})


def will_be_taken(snapshot: Snapshot, view: HostView) -> bool:
    """Whether this rollout still has to rebuild the host, so that its sessions have to end."""
    row = view.row
    if view.seen is None or row.vm_missing or row.state not in WARNED_STATES or snapshot.kind is RolloutKind.REFRESH:
        return False
    if view.left_out:
        return False
    if snapshot.rolling_back:
        return row.rolling_back
    return view.drained or row.drained_by_earlier_failure or row.version != snapshot.target


def canary_candidates(snapshot: Snapshot, canary: Canary) -> frozenset[str]:
    """The hosts that become canary hosts if nothing changes: the budget of a pass prefers them in this order."""
    if canary.passed or not canary.open_slots:
        return frozenset()
    ready = [v for v in snapshot.hosts if will_be_taken(snapshot, v) and v.name not in snapshot.held_by_refresh]
    ready.sort(key=_preference)
    return frozenset(view.name for view in ready[: canary.open_slots])


def _preference(view: HostView) -> tuple[bool, bool, bool, int, str]:
    """Sorts hosts by how soon they become canary hosts. One that is retried, and that nobody uses, is taken again."""
    again = view.row.canary and view.sessions == 0
    return view.row.state is not HostState.SIGNING_OUT, not again, not view.drained, view.sessions, view.name


def deadline_of(snapshot: Snapshot, candidates: frozenset[str], view: HostView) -> datetime:
    """From when on the sessions of this host may be ended."""
    others = snapshot.schedule.others_force_at
    return snapshot.schedule.force_at if others is None or view.name in candidates else others


def others_deadline(snapshot: Snapshot, policy: Policy, canary: Canary, now: datetime) -> datetime | None:
    """The new deadline of the hosts that are not canary hosts; None: it stays.

    It moves when the canary cannot pass before it, even if its hosts became empty now. It never moves nearer.
    """
    if policy.strict_deadline or snapshot.state not in _OPEN or snapshot.rolling_back or canary.passed:
        return None
    candidates = canary_candidates(snapshot, canary)
    others = any(will_be_taken(snapshot, view) and view.name not in candidates for view in snapshot.hosts)
    if snapshot.kind is RolloutKind.REFRESH or canary.hosts == 0 or not others:
        return None
    current = snapshot.schedule.others_force_at
    begin = max(now, snapshot.schedule.begin_at)
    if _canary_end(snapshot, policy, canary, now, begin) <= (current or snapshot.schedule.force_at):
        return None
    expected = expected_canary_end(snapshot, policy, canary, now)
    if current:  # late once more: users are not told another time every minute
        expected = max(expected, now + MAX_NOTICE)
    return room_at(policy.windows, snapshot.zone, expected, time_to_drain_and_start(snapshot, policy))


def foreseen_others_deadline(snapshot: Snapshot, policy: Policy, canary: Canary, now: datetime) -> datetime | None:
    """`others_force_at` as the plan names it beforehand, if the canary hosts' users stay; None: it will not move."""
    if policy.strict_deadline or snapshot.rolling_back or canary.hosts == 0 or canary.passed:
        return None
    others = sum(will_be_taken(snapshot, view) for view in snapshot.hosts) > canary.open_slots
    expected = expected_canary_end(snapshot, policy, canary, now)
    if not others or expected <= snapshot.schedule.force_at:
        return None
    return room_at(policy.windows, snapshot.zone, expected, time_to_drain_and_start(snapshot, policy))


def expected_canary_end(snapshot: Snapshot, policy: Policy, canary: Canary, now: datetime) -> datetime:
    """When the canary is expected to pass, in whole minutes, if its users stay signed in until `force_at`.

    An approval is taken to come at once.
    """
    idle = sum(1 for view in snapshot.hosts if view.sessions == 0 and will_be_taken(snapshot, view))
    start = max(now, snapshot.schedule.begin_at)
    if idle < canary.open_slots:
        start = max(start, snapshot.schedule.force_at) + timedelta(seconds=policy.settle_seconds)
    start = opens_at(policy.windows, snapshot.zone, start) + timedelta(seconds=2 * policy.settle_seconds)
    end = _canary_end(snapshot, policy, canary, now, start)
    return datetime.fromtimestamp(60 * math.ceil(end.timestamp() / 60), UTC)


def _canary_end(snapshot: Snapshot, policy: Policy, canary: Canary, now: datetime, start: datetime) -> datetime:
    """When the canary hosts in work, and those that would be rebuilt from `start` on, have passed their checks."""
    bake = timedelta(minutes=policy.bake_minutes)
    rows = [view.row for view in snapshot.hosts if view.row.state.in_work and not view.row.check.proved_at]
    ends = [_host_end(row, snapshot, now, bake) for row in rows]
    if canary.open_slots:
        one_by_one = snapshot.may_probe_only and canary.open_slots > 1
        ends.append(start + (2 if one_by_one else 1) * snapshot.host_time + bake)
    return max(ends, default=now)


def _host_end(row: RolloutHost, snapshot: Snapshot, now: datetime, bake: timedelta) -> datetime:
    if row.check.proving_since:
        return max(now, row.check.proving_since + bake)
    return max(now, (row.taken_at or now) + snapshot.host_time) + bake


def rescheduled_deadline(snapshot: Snapshot, policy: Policy, now: datetime) -> datetime | None:
    """The new deadline after the last one has passed without action, in an outage or because no window was long enough.

    None: sessions may be ended now. Users are warned before the new deadline as the policy says, and it lies in a
    window with enough time for a host.
    """
    passed = passed_deadline(snapshot)
    started = snapshot.forced_at is not None and snapshot.forced_at >= passed
    refreshes = snapshot.kind is RolloutKind.REFRESH
    if refreshes or started or now <= passed + LATE_AFTER or not _would_surprise(snapshot, now):
        return None
    at = now + notice_before_deadline(policy)
    if at <= now or snapshot.rolling_back:
        return at if at > now else None
    return room_at(policy.windows, snapshot.zone, at, time_to_drain_and_start(snapshot, policy))


def passed_deadline(snapshot: Snapshot) -> datetime:
    """The deadline of the hosts whose turn it is: the canary hosts', then that of the others."""
    others = snapshot.schedule.others_force_at
    return others if others and snapshot.canary_passed else snapshot.schedule.force_at


def _would_surprise(snapshot: Snapshot, now: datetime) -> bool:
    """Whether a sign-out now would surprise somebody: a user who was not told, or too long ago."""
    rows = {view.name: view.row for view in snapshot.hosts if will_be_taken(snapshot, view)}
    told = [told_to(row, one) for host, row in rows.items() for one in snapshot.sessions_by_host.get(host, ())]
    return any(one is None or not is_valid(one, now) for one in told)
