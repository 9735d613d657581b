"""Hosts that had ended and are opened again, to be rolled back or retried. Pure."""

from __future__ import annotations

from shared.core.arm_ids import version_id
from shared.core.states import HostState, RolloutState, transition_host
from shared.models.host_parts import Check, Disks, Drain, Rebuild, Warnings
from shared.models.rollout_parts import LEFT_OUT_BY_NAME
from shared.models.rollouts import Rollout, RolloutHost

_ROLLBACK_STATES = frozenset({RolloutState.ROLLING_BACK, RolloutState.PAUSED})


def reopened(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """The row to plan with. A host that has ended is opened again when it must be rolled back or retried."""
    if rollout.rolling_back and not row.rolling_back and rollout.state in _ROLLBACK_STATES:
        return _to_roll_back(row, rollout)
    if _taken_in_again(row, rollout):
        return start_over(row, step="not left out any more", location="")  # so that its VM is read anew
    retried = rollout.failures.retries(row.host, row.ended_at)
    if row.state is HostState.FAILED and retried and not rollout.state.ended:
        return start_over(row, step="waits for a retry", drained_by_earlier_failure=True, canary=row.canary)
    return row


def _taken_in_again(row: RolloutHost, rollout: Rollout) -> bool:
    """Whether a host was left out by name, and is not any more. A rollout that rolls back begins no more hosts."""
    by_name = row.state is HostState.SKIPPED and row.reason is not None and row.reason.code in LEFT_OUT_BY_NAME
    forward = not (rollout.state.ended or rollout.rolling_back or rollout.state is RolloutState.CANCELLING)
    return by_name and forward and rollout.why_left_out(row) is None


def found_again(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """The row of a host that is out of its host pool by our doing, although it does not say so: writes were lost.

    Nobody can say what its image has been through, so it is treated like a host on which an earlier attempt failed.
    """
    row = row.replace(removed_from_pool=True, drained_by_earlier_failure=True, missing_since=None)
    if rollout.rolling_back and not row.rolling_back:
        return _to_roll_back(row.replace(state=HostState.FAILED), rollout)
    if row.state.ended:
        return start_over(row.replace(state=HostState.FAILED), step="was found again, out of its host pool")
    return row


def start_over(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row of a host that starts over. It keeps the original marks to restore and the body to recreate a lost VM."""
    fresh = row.replace(
        state=transition_host(row.host, row.state, HostState.PENDING),
        attempt=1,
        canary=False,
        stays_on=False,
        missing_since=None,
        step_since=None,
        taken_at=None,
        ended_at=None,
        operation=None,
        error="",
        failed_by=None,
        reason=None,
        drain=Drain(),
        warnings=Warnings(),
        rebuild=Rebuild(),
        check=Check(),
        trail=row.trail.replace(steps=()),
    )
    return fresh.replace(**changes)


def _to_roll_back(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """The row of a host that is rolled back: updated and failed hosts get a goal of their own, others stay."""
    created_on_target = _created_on_target(row, rollout)
    if not created_on_target and row.state not in {HostState.DONE, HostState.FAILED}:
        return row
    goal = _pool_version_id(rollout) if created_on_target else former_version(row, rollout)
    if not goal and row.state is HostState.DONE:
        text = f"its former version is not known, so it stays on {row.version}"
        state = transition_host(row.host, row.state, HostState.FAILED)
        return row.replace(state=state, rolling_back=True, error=text)
    if not goal:
        return row
    if row.state is HostState.DONE and goal.lower() == rollout.version_id.lower():
        return row  # it was on the target before
    failed = row.state is HostState.FAILED
    return start_over(
        row,
        rolling_back=True,
        goal_id=goal,
        found=row.found if failed else row.found.without_marks(),
        disks=Disks(kept_id=row.disks.old_id),
        drained_by_earlier_failure=failed,
        step="waits to be rolled back",
    )


def former_version(row: RolloutHost, rollout: Rollout) -> str:
    """ARM id of the host's former version, or of the pool's if the host's is not known. Empty: unknown."""
    return row.found.from_version_id or _pool_version_id(rollout)


def _pool_version_id(rollout: Rollout) -> str:
    """ARM id of the pool's former version; empty when it is unknown or belongs to another image."""
    same_image = rollout.before.image in {None, rollout.image}
    return version_id(rollout.definition_id, rollout.before.version) if same_image and rollout.before.version else ""


def _created_on_target(row: RolloutHost, rollout: Rollout) -> bool:
    """Whether the host was created with the rollout's version, because the rollout had set it for new hosts."""
    if (
        rollout.progress.canary_passed_at is None
        or row.version != rollout.version
        or rollout.before.version == rollout.version
    ):
        return False
    skipped_since = (
        row.state is HostState.SKIPPED and row.ended_at and row.ended_at >= rollout.progress.canary_passed_at
    )
    return bool(skipped_since) or (row.state is HostState.PENDING and not row.drained_by_earlier_failure)
