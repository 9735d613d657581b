"""Which hosts were used since they were made, and which of those are to be made fresh now. Pure.

What a look cannot see counts for nothing: a session that begins and ends between two looks.
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
"""How exactly it is kept when a host was used last. A host that is used all day is not written at each look."""

LISTED_BY_THEN = timedelta(minutes=2)
"""So long after a drain a list of session hosts may still show the host without it."""

_MADE_ANEW = frozenset({"reimage", "replace"})


def is_fresh(row: RolloutHost) -> bool:
    """Whether nobody has used the host since it was made, as far as any look has seen."""
    if row.state is HostState.DONE:
        return True
    return row.use.used_at is None and not row.use.failed_in and row.state not in {HostState.FAILED, HostState.SKIPPED}


def start_of_day(zone: str, now: datetime) -> datetime:
    """When today began in this zone (IANA), in UTC. A midnight that a change of the clocks skips is the change."""
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
    """The row with the use that this look sees. `poll_eagerly`: note each look, not only one in NOTED_EVERY.

    A host in work is its own orchestration's to write: who is on it is seen as soon as it is through.
    """
    if row.state.in_work:
        return row
    if row.state is HostState.FAILED:
        return _failed(row, seen, now)
    if row.state is HostState.DONE and used_meanwhile(row):
        row = clean(row, use=Use(used_at=row.use.last_used_at, last_used_at=row.use.last_used_at))
    if row.state is HostState.DONE and seen is None:
        return clean(row)  # it may be gone for good: from now on it is watched as any other
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
    # Whatever disk it is on by now has been used: none it was on before says anything.
    use = row.use.replace(used_at=row.use.used_at or now, last_used_at=last)
    return row.replace(use=use, disks=row.disks.replace(stale_id=None))


def _failed(row: RolloutHost, seen: SessionHost | None, now: datetime) -> RolloutHost:
    """A host that has failed, as this look leaves it: it counts for as long as it is there, and no longer.

    What we took out of the host pool ourselves has not left it.
    """
    if seen is not None:
        return row.replace(removed_from_pool=False, missing_since=None)
    return row if row.removed_from_pool else row.replace(missing_since=row.missing_since or now)


def used_meanwhile(row: RolloutHost) -> bool:
    """Whether somebody was on the new disk before the host was through: a registration accepts sessions at once."""
    return row.use.last_used_at is not None and row.taken_at is not None and row.use.last_used_at > row.taken_at


def starts_again(row: RolloutHost, seen: SessionHost | None, now: datetime) -> bool:
    """Whether what stands under this name is another machine, or was put right by somebody, after ours had ended.

    So is one that was to be tried again. Just after it has failed, a list may show it as it was before its drain.
    """
    if seen is None or not seen.accepting:
        return False
    if row.state is HostState.FAILED:
        return not_returned(row) or row.ended_at is None or now >= row.ended_at + LISTED_BY_THEN
    return row.state is HostState.SKIPPED or (row.state is HostState.PENDING and row.drained_by_earlier_failure)


def use_so_far(row: RolloutHost, vm_id: str) -> Use:
    """The use that a host which begins anew on this VM has behind it: none if it was made anew and nobody came since.

    Who lets a host accept sessions again that could not even be drained has not made it fresh.
    """
    another = row.vm_id.lower() != vm_id.lower()
    if another or (is_completed(HOST_STEPS, row.rebuild.completed_step, REBUILD_HOST) and not used_meanwhile(row)):
        return Use()
    return row.use.replace(failed_in="")


def not_returned(row: RolloutHost) -> bool:
    """Whether all that has failed is to give the host back as it was: it is made anew and may serve, with our tags on.

    Every other failed host has been drained, and its VM has got back what it had.
    """
    return row.state is HostState.FAILED and row.step == RETURN_HOST_TO_SERVICE


def clean(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row of a host that was made anew, waiting for its next use."""
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
    """The row after a rollout of the pool has ended: what that made anew is clean, unless it was used since.

    A host that was given its kept disk back counts as used. One that the rollout failed on is left to whoever
    looks into it. Safe to repeat.
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
    # It was empty when it was taken. It may serve long before it has ended: as soon as it has registered.
    used_since = row.use.last_used_at is not None and row.use.last_used_at > theirs.taken_at
    use = Use(used_at=row.use.last_used_at, last_used_at=row.use.last_used_at) if used_since else Use()
    return clean(row, version=theirs.version, use=use)
