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
from shared.models.messages import Message, message
from shared.models.pools import Refresh
from shared.models.rollouts import Disks, RolloutHost, Use
from shared.planning.reopen import again
from shared.planning.values import HELD_STATES

NOTED_EVERY = timedelta(minutes=10)
"""Resolution of `last_used_at`: the row of a host that is used all day is not written in each pass."""

LISTED_BY_THEN = timedelta(minutes=2)
"""How long after a drain the list of session hosts may still show the host as not drained."""

_MADE_ANEW = frozenset({"reimage", "replace"})


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


def with_use_noticed(row: RolloutHost, seen: SessionHost | None, now: datetime, *, poll_eagerly: bool) -> RolloutHost:
    """The row with the use that this pass sees. `poll_eagerly`: record every use, not only one per NOTED_EVERY.

    The row of a host in work is written by its own orchestration only; its users are seen once it has finished.
    """
    if row.state.in_work:
        return row
    if row.state is HostState.FAILED:
        return _failed(row, seen, now)
    if row.state is HostState.DONE and used_meanwhile(row):
        row = clean(row, use=Use(used_at=row.use.last_used_at, last_used_at=row.use.last_used_at))
    if row.state is HostState.DONE and seen is None:
        return clean(row)  # it may have left the pool for good, so it is observed like any other host from now on
    if seen is not None and seen.accepting and row.use.failed_in:
        row = row.replace(use=row.use.replace(failed_in=""), drained_by_earlier_failure=False)
    if seen is None or not seen.sessions or row.state is HostState.SKIPPED:
        return row
    if row.state is HostState.DONE:
        row = clean(row, sessions=seen.sessions)
    noted = not poll_eagerly and row.use.last_used_at is not None and now < row.use.last_used_at + NOTED_EVERY
    last = row.use.last_used_at if noted else now
    if row.use.used_at and noted and row.disks.stale_id is None:
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


def used_meanwhile(row: RolloutHost) -> bool:
    """Whether somebody used the new disk before the host had finished: a registered host accepts sessions at once."""
    return row.use.last_used_at is not None and row.taken_at is not None and row.use.last_used_at > row.taken_at


def starts_again(row: RolloutHost, seen: SessionHost | None, now: datetime) -> bool:
    """Whether a host that had ended starts over: its VM is a new one, or somebody repaired and undrained it.

    A host that waits for another attempt starts over too. Shortly after a failure, the list of session hosts may still
    show the host as not drained, so that does not count.
    """
    if seen is None or not seen.accepting:
        return False
    if row.state is HostState.FAILED:
        return not_returned(row) or row.ended_at is None or now >= row.ended_at + LISTED_BY_THEN
    return row.state is HostState.SKIPPED or (row.state is HostState.PENDING and row.drained_by_earlier_failure)


def use_so_far(row: RolloutHost, vm_id: str) -> Use:
    """The recorded use of a host that starts over on this VM: none if it was rebuilt and nobody has used it since.

    Undraining a host whose drain had failed does not make it fresh.
    """
    another = row.vm_id.lower() != vm_id.lower()
    if another or (is_completed(HOST_STEPS, row.rebuild.completed_step, REBUILD_HOST) and not used_meanwhile(row)):
        return Use()
    return row.use.replace(failed_in="")


def not_returned(row: RolloutHost) -> bool:
    """Whether only the return to service failed: the host is rebuilt and may serve, but still carries our tags.

    Every other failed host stays drained, and its VM has its original tags and settings back.
    """
    return row.state is HostState.FAILED and row.step == RETURN_HOST_TO_SERVICE


def clean(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row of a rebuilt host that waits for its next use."""
    made_anew = again(
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
    return made_anew.replace(**changes)


def after_rollout(row: RolloutHost, theirs: RolloutHost | None) -> RolloutHost:
    """The row after a rollout of the pool has ended: hosts that it rebuilt are fresh, unless they were used since.

    A host that got its kept disk back counts as used. A host that failed in the rollout waits for a person to
    investigate it. Safe to repeat.
    """
    if theirs is None or row.state in HELD_STATES or row.state is HostState.SKIPPED:
        return row
    if theirs.state is HostState.FAILED:
        return row if row.state is HostState.FAILED else row.replace(use=row.use.replace(failed_in=theirs.rollout))
    if theirs.state is not HostState.DONE or theirs.taken_at is None or theirs.ended_at is None:
        return row
    if theirs.rebuild.strategy == SWAP:
        use = Use(used_at=row.use.used_at or theirs.ended_at, last_used_at=row.use.last_used_at)
        return clean(row, version=theirs.version, use=use)
    if theirs.rebuild.strategy not in _MADE_ANEW or (row.use.used_at and row.use.used_at > theirs.taken_at):
        return row
    # It was empty when its rebuild started. It may serve as soon as it has registered, long before its end.
    used_since = row.use.last_used_at is not None and row.use.last_used_at > theirs.taken_at
    use = Use(used_at=row.use.last_used_at, last_used_at=row.use.last_used_at) if used_since else Use()
    return clean(row, version=theirs.version, use=use)
