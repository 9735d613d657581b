"""Changes of a host's row: skip, start the rebuild, fail; in a refresh also reserve, reset, set the target. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.core.codes import Code
from shared.core.states import HostState, transition_host
from shared.models.messages import Message, message
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import Decision, Snapshot


def reserve_row(row: RolloutHost) -> RolloutHost:
    """Reserve a host for a refresh that did not drain it. The refresh holds it as soon as this row is saved."""
    state = transition_host(row.host, row.state, HostState.DRAINING)
    return row.replace(state=state, drain=row.drain.replace(drained_at=None, empty_since=None), step="reserved")


def reset_row(row: RolloutHost) -> RolloutHost:
    """Reset the row of a refreshed host: its next cycle has all attempts and reads the VM's marks anew."""
    disks = row.disks.replace(stale_id=None)
    return row.replace(found=row.found.without_marks(), disks=disks, attempt=1, error="", failed_by=None)


def set_target(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """Set the version that a refresh installs on the host, whatever the pool's version becomes later.

    A host that is retried after a failure keeps the id of its used disk; for every other host it is read again.
    """
    stale = row.disks.stale_id if row.drained_by_earlier_failure else None
    return row.replace(
        goal_id=rollout.version_id,
        disks=row.disks.replace(stale_id=stale),
        rebuild=row.rebuild.replace(reimage_requested=False),
    )


def skip(row: RolloutHost, reason: Message, now: datetime) -> RolloutHost:
    """The row of a host that ended without being updated."""
    return row.replace(state=transition_host(row.host, row.state, HostState.SKIPPED), reason=reason, ended_at=now)


VM_DELETED = message(
    Code.VM_DELETED, "somebody deleted its VM during the rollout; remove its session host if the pool still lists it"
)


def as_deleted(row: RolloutHost, now: datetime) -> RolloutHost:
    """The row of a host whose VM somebody deleted while it was in work. Nothing is left to update."""
    return skip(row.replace(vm_missing=True, operation=None, error=""), VM_DELETED, now)


def is_ours_to_create(row: RolloutHost) -> bool:
    """Whether a missing VM was deleted by us, to be created again. Once it was created, somebody else deleted it."""
    return row.vm_body is not None and not row.rebuild.rebuilt


def as_failed(row: RolloutHost, reason: str, now: datetime) -> RolloutHost:
    """The row of a failed host."""
    state = transition_host(row.host, row.state, HostState.FAILED)
    return row.replace(state=state, error=reason, ended_at=now, operation=None)


def start_rebuild(row: RolloutHost, now: datetime, *, canary: bool) -> RolloutHost:
    """Hand the host over to its own orchestration, which alone writes the row from here on."""
    return row.replace(
        state=transition_host(row.host, row.state, HostState.REIMAGING),
        engine_run=row.engine_run + 1,
        taken_at=now,
        canary=canary,
        step="starting the rebuild",
        step_since=None,
        rebuild=row.rebuild.replace(completed_step="", rebuilt=False),
    )


def without_open_sessions(row: RolloutHost, snapshot: Snapshot) -> RolloutHost:
    """The row without the sessions in `signed_out` whose sign-out did not work: they are still listed."""
    listed = {session.id for session in snapshot.sessions_by_host.get(row.host, ())}
    return row.replace(signed_out=tuple(session for session in row.signed_out if session not in listed))


def with_reason(row: RolloutHost, decision: Decision) -> RolloutHost:
    """The row with the reason why nothing is done with the host now."""
    return row.replace(reason=decision.reason)
