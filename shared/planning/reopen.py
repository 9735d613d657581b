"""Hosts that had ended and are opened again, to be rolled back or retried. Pure."""

from __future__ import annotations

from shared.core.arm_ids import version_id
from shared.core.states import HostState, RolloutState, transition_host
from shared.models.rollouts import Check, Disks, Drain, Rebuild, Rollout, RolloutHost, Warnings

_BRINGS_BACK = frozenset({RolloutState.ROLLING_BACK, RolloutState.PAUSED})


def reopened(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """The row to plan with. A host that has ended is opened again when it must be rolled back or retried."""
    if rollout.rolling_back and not row.rolling_back and rollout.state in _BRINGS_BACK:
        return _brought_back(row, rollout)
    tried_again = rollout.retried_at and row.ended_at and row.ended_at <= rollout.retried_at
    if row.state is HostState.FAILED and tried_again and not rollout.state.ended:
        return again(row, step="to be tried again", drained_by_earlier_failure=True)
    return row


def again(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row of a host that starts over. It keeps the original marks to restore and the body to recreate a lost VM."""
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
    """The row of a host that is rolled back: updated and failed hosts get a goal of their own, others stay."""
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
    """ARM id of the host's former version, or of the pool's if the host's is not known. Empty: unknown."""
    return row.found.from_version_id or _of_the_pool(rollout)


def _of_the_pool(rollout: Rollout) -> str:
    """ARM id of the pool's former version; empty when it is unknown or belongs to another image."""
    same_image = rollout.from_image in {None, rollout.image}
    return version_id(rollout.definition_id, rollout.from_version) if same_image and rollout.from_version else ""


def _born_on_it(row: RolloutHost, rollout: Rollout) -> bool:
    """Whether the host was created with the rollout's version, because the rollout had set it for new hosts."""
    if rollout.canary_passed_at is None or row.version != rollout.version or rollout.from_version == rollout.version:
        return False
    skipped_since = row.state is HostState.SKIPPED and row.ended_at and row.ended_at >= rollout.canary_passed_at
    return bool(skipped_since) or (row.state is HostState.PENDING and not row.drained_by_earlier_failure)
