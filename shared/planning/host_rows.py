"""Changes of a host's row: skipped, taken, failed; and, in a refresh, reserved, reset, given a target. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.core.states import HostState, transition_host
from shared.models.messages import Message
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import Decision


def reserve_row(row: RolloutHost) -> RolloutHost:
    """A host that a refresh is about to take although it never drained it: in hand from when the row is written."""
    state = transition_host(row.host, row.state, HostState.DRAINING)
    return row.replace(state=state, drain=row.drain.replace(drained_at=None, empty_since=None), step="to be taken")


def reset_row(row: RolloutHost) -> RolloutHost:
    """A host that a refresh has given back: its next use begins with all attempts, and with what its VM has then."""
    disks = row.disks.replace(stale_id=None)
    return row.replace(found=row.found.without_marks(), disks=disks, attempt=1, error="")


def set_target(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """What a refresh brings the host to, whatever the pool is on later. Only a host that it has failed on, and that is
    tried again, still knows the disk it was used on; of another one that is found out anew."""
    stale = row.disks.stale_id if row.drained_by_earlier_failure else None
    return row.replace(
        goal_id=rollout.version_id,
        disks=row.disks.replace(stale_id=stale),
        rebuild=row.rebuild.replace(reimage_requested=False),
    )


def skip(row: RolloutHost, reason: Message, now: datetime) -> RolloutHost:
    """The host's end: nothing is done with it."""
    return row.replace(state=transition_host(row.host, row.state, HostState.SKIPPED), reason=reason, ended_at=now)


def as_failed(row: RolloutHost, reason: str, now: datetime) -> RolloutHost:
    """The row of a failed host."""
    state = transition_host(row.host, row.state, HostState.FAILED)
    return row.replace(state=state, error=reason, ended_at=now, operation=None)


def start_rebuild(row: RolloutHost, now: datetime, *, canary: bool) -> RolloutHost:
    """Hand the host to its own orchestration: from here on only that writes its row."""
    return row.replace(
        state=transition_host(row.host, row.state, HostState.REIMAGING),
        engine_run=row.engine_run + 1,
        taken_at=now,
        canary=canary,
        step="handed over",
        step_since=None,
        rebuild=row.rebuild.replace(completed_step="", rebuilt=False),
    )


def with_reason(row: RolloutHost, decision: Decision) -> RolloutHost:
    """The row with the reason why nothing is done with it now."""
    return row.replace(reason=decision.reason)
