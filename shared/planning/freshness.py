"""Which hosts were used since their last rebuild, and which used hosts a refresh rebuilds now. Pure.

A session that starts and ends between two passes is not seen, so it does not count as use.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.core.codes import Code
from shared.core.names import REBUILD_HOST, RETURN_HOST_TO_SERVICE, SWAP
from shared.core.states import HostState
from shared.core.steps import HOST_STEPS, is_completed
from shared.models.azure import SessionHost
from shared.models.host_parts import Disks, Use
from shared.models.messages import Message, message
from shared.models.pools import Refresh
from shared.models.rollouts import RolloutHost
from shared.planning.reopen import start_over
from shared.planning.values import HELD_STATES

USE_RESOLUTION = timedelta(minutes=10)
"""Resolution of `last_used_at`: the row of a host that is used all day is not written in each pass."""

LIST_LAG = timedelta(minutes=2)
"""How long after a drain the list of session hosts may still show the host as not drained."""

_NEW_DISK_STRATEGIES = frozenset({"reimage", "replace"})


def is_fresh(row: RolloutHost) -> bool:
    """Whether nobody has used the host since its last rebuild, as far as any pass has seen."""
    if row.state is HostState.DONE:
        return True
    return row.use.used_at is None and not row.use.failed_in and row.state not in {HostState.FAILED, HostState.SKIPPED}


def start_of_day(zone: str, now: datetime) -> datetime:
    """When today began in this zone (IANA), in UTC. If a clock change skips midnight, the day begins at the change."""
    place = ZoneInfo(zone)
    return datetime.combine(now.astimezone(place).date(), time(), place).astimezone(UTC)


_FRESH = message(Code.FRESH, "fresh")
_USED_TODAY = message(Code.USED_TODAY, "was used today; it is refreshed tomorrow")
_IN_USE = message(Code.IN_USE, "is in use; it is refreshed after the last session")


def why_not_due(row: RolloutHost, sessions: int, refresh: Refresh, zone: str, now: datetime) -> Message | None:
    """Why the host is not refreshed now; None when it is."""
    if row.use.used_at is None:
        return _FRESH
    if refresh is Refresh.DAILY:
        return None if row.use.used_at < start_of_day(zone, now) else _USED_TODAY
    return _IN_USE if sessions else None


def with_use_recorded(row: RolloutHost, seen: SessionHost | None, now: datetime, *, poll_eagerly: bool) -> RolloutHost:
    """The row with the use that this pass sees. `poll_eagerly`: record every use, not only one per USE_RESOLUTION.

    The row of a host in work is written by its own orchestration only; its users are seen once it has finished.
    """
    if row.state.in_work:
        return row
    if row.state is HostState.FAILED:
        return _failed(row, seen, now)
    if row.state is HostState.DONE and used_before_finished(row):
        row = as_fresh(row, use=Use(used_at=row.use.last_used_at, last_used_at=row.use.last_used_at))
    if row.state is HostState.DONE and seen is None:
        return as_fresh(row)  # it may have left the pool for good, so it is observed like any other host from now on
    if seen is not None and seen.accepting and row.use.failed_in:
        row = row.replace(use=row.use.replace(failed_in=""), drained_by_earlier_failure=False)
    if seen is None or not seen.sessions or row.state is HostState.SKIPPED:
        return row
    if row.state is HostState.DONE:
        row = as_fresh(row, sessions=seen.sessions)
    recorded = not poll_eagerly and row.use.last_used_at is not None and now < row.use.last_used_at + USE_RESOLUTION
    last = row.use.last_used_at if recorded else now
    if row.use.used_at and recorded and row.disks.stale_id is None:
        return row
    # Its current disk has been used, whichever disk that is, so the recorded stale disk no longer matters.
    use = row.use.replace(used_at=row.use.used_at or now, last_used_at=last)
    return row.replace(use=use, disks=row.disks.replace(stale_id=None))


def _failed(row: RolloutHost, seen: SessionHost | None, now: datetime) -> RolloutHost:
    """The row of a failed host after this pass: it counts only while the host is in the pool.

    A host that we removed from the pool ourselves has not left it.
    """
    if seen is not None:
        return row.replace(removed_from_pool=False, missing_since=None)
    return row if row.removed_from_pool else row.replace(missing_since=row.missing_since or now)


def used_before_finished(row: RolloutHost) -> bool:
    """Whether somebody used the new disk before the host had finished: a registered host accepts sessions at once."""
    return row.use.last_used_at is not None and row.taken_at is not None and row.use.last_used_at > row.taken_at


def starts_over(row: RolloutHost, seen: SessionHost | None, now: datetime) -> bool:
    """Whether a host that had ended starts over: its VM is a new one, or somebody repaired and undrained it.

    A host that waits for another attempt starts over too. Shortly after a failure, the list of session hosts may still
    show the host as not drained, so that does not count.
    """
    if seen is None or not seen.accepting:
        return False
    if row.state is HostState.FAILED:
        return only_return_failed(row) or row.ended_at is None or now >= row.ended_at + LIST_LAG
    return row.state is HostState.SKIPPED or (row.state is HostState.PENDING and row.drained_by_earlier_failure)


def use_before_start_over(row: RolloutHost, vm_id: str) -> Use:
    """The recorded use of a host that starts over on this VM: none if it was rebuilt and nobody has used it since.

    Undraining a host whose drain had failed does not make it fresh.
    """
    other_vm = row.vm_id.lower() != vm_id.lower()
    rebuilt = is_completed(HOST_STEPS, row.rebuild.completed_step, REBUILD_HOST)
    if other_vm or (rebuilt and not used_before_finished(row)):
        return Use()
    return row.use.replace(failed_in="")


def only_return_failed(row: RolloutHost) -> bool:
    """Whether only the return to service failed: the host is rebuilt and may serve, but still carries our tags.

    Every other failed host stays drained, and its VM has its original tags and settings back.
    """
    return row.state is HostState.FAILED and row.step == RETURN_HOST_TO_SERVICE


def as_fresh(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row of a rebuilt host that waits for its next use."""
    fresh = start_over(
        row,
        goal_id="",
        removed_from_pool=False,
        drained_by_earlier_failure=False,
        vm_body=None,
        step="",
        found=row.found.without_marks(),
        disks=Disks(),
        use=Use(),
    )
    return fresh.replace(**changes)


def after_rollout(row: RolloutHost, rollout_row: RolloutHost | None) -> RolloutHost:
    """The row after a rollout of the pool has ended: hosts that it rebuilt are fresh, unless they were used since.

    A host that got its kept disk back counts as used. A host that failed in the rollout waits for a person to
    investigate it. Safe to repeat.
    """
    if rollout_row is None or row.state in HELD_STATES or row.state is HostState.SKIPPED:
        return row
    if rollout_row.state is HostState.FAILED:
        return row if row.state is HostState.FAILED else row.replace(use=row.use.replace(failed_in=rollout_row.rollout))
    if rollout_row.state is not HostState.DONE or rollout_row.taken_at is None or rollout_row.ended_at is None:
        return row
    if rollout_row.rebuild.strategy == SWAP:
        use = Use(used_at=row.use.used_at or rollout_row.ended_at, last_used_at=row.use.last_used_at)
        return as_fresh(row, version=rollout_row.version, use=use)
    used_since = row.use.used_at is not None and row.use.used_at > rollout_row.taken_at
    if rollout_row.rebuild.strategy not in _NEW_DISK_STRATEGIES or used_since:
        return row
    # It was empty when its rebuild started. It may serve as soon as it has registered, long before its end.
    used_again = row.use.last_used_at is not None and row.use.last_used_at > rollout_row.taken_at
    use = Use(used_at=row.use.last_used_at, last_used_at=row.use.last_used_at) if used_again else Use()
    return as_fresh(row, version=rollout_row.version, use=use)
