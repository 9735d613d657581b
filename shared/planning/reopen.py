"""Hosts that had ended and are taken once more: brought back to what they were, or tried again. Pure."""

from __future__ import annotations

from shared.core.arm_ids import version_id
from shared.core.states import HostState, RolloutState, transition_host
from shared.models.rollouts import Check, Disks, Drain, Rebuild, Rollout, RolloutHost, Warnings

_BRINGS_BACK = frozenset({RolloutState.ROLLING_BACK, RolloutState.PAUSED})


def reopened(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """The row as it is to be planned with: of a host that has ended, perhaps for another round."""
    if rollout.rolling_back and not row.rolling_back and rollout.state in _BRINGS_BACK:
        return _brought_back(row, rollout)
    tried_again = rollout.retried_at and row.ended_at and row.ended_at <= rollout.retried_at
    if row.state is HostState.FAILED and tried_again and not rollout.state.ended:
        return again(row, step="to be tried again", drained_by_earlier_failure=True)
    return row


def again(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row of a host that starts over. What has to be restored stays, and so does what recreates a lost VM."""
    afresh = row.replace(
        state=transition_host(row.host, row.state, HostState.PENDING),
        attempt=1,
        canary=False,
        missing_since=None,
        step_since=None,
        taken_at=None,
        ended_at=None,
        operation=None,
        error="",
        reason=None,
        drain=Drain(),
        warnings=Warnings(),
        rebuild=Rebuild(),
        check=Check(),
    )
    return afresh.replace(**changes)


def _brought_back(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """Hosts that were updated, or failed on the way, get a goal of their own; those never touched are left."""
    born = _born_on_it(row, rollout)
    if not born and row.state not in {HostState.DONE, HostState.FAILED}:
        return row
    goal = _of_the_pool(rollout) if born else former_version(row, rollout)
    if not goal and row.state is HostState.DONE:
        text = f"its former version is not known, so it stays on {row.version}"
        state = transition_host(row.host, row.state, HostState.FAILED)
        return row.replace(state=state, rolling_back=True, error=text)
    if not goal:
        return row
    if row.state is HostState.DONE and goal.lower() == rollout.version_id.lower():
        return row  # it was on the target before
    failed = row.state is HostState.FAILED
    return again(
        row,
        rolling_back=True,
        goal_id=goal,
        found=row.found if failed else row.found.without_marks(),
        disks=Disks(kept_id=row.disks.old_id),
        drained_by_earlier_failure=failed,
        step="to be brought back",
    )


def former_version(row: RolloutHost, rollout: Rollout) -> str:
    """ARM id of the version the host was on before; what the pool was on, when the host did not say. Empty: unknown."""
    return row.found.from_version_id or _of_the_pool(rollout)


def _of_the_pool(rollout: Rollout) -> str:
    """ARM id of the version the pool was on; empty when it is not known, or that of another image."""
    same_image = rollout.from_image in {None, rollout.image}
    return version_id(rollout.definition_id, rollout.from_version) if same_image and rollout.from_version else ""


def _born_on_it(row: RolloutHost, rollout: Rollout) -> bool:
    """Whether the host is on the version because it was made while the rollout gave that to new hosts."""
    if rollout.canary_passed_at is None or row.version != rollout.version or rollout.from_version == rollout.version:
        return False
    skipped_since = row.state is HostState.SKIPPED and row.ended_at and row.ended_at >= rollout.canary_passed_at
    return bool(skipped_since) or (row.state is HostState.PENDING and not row.drained_by_earlier_failure)
