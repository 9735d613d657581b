"""Hosts that had ended and are taken once more: brought back to what they were, or tried again. Pure."""

from __future__ import annotations

from typing import Any

from shared.models.rollouts import Rollout, RolloutHost
from shared.states import HostState, RolloutState, move_host

_BRINGS_BACK = frozenset({RolloutState.ROLLING_BACK, RolloutState.PAUSED})

_AFRESH: dict[str, Any] = {
    "attempt": 1,
    "phase": "",
    "strategy": "",
    "rebuilt": False,
    "operation": None,
    "step_since": None,
    "taken_at": None,
    "ended_at": None,
    "drained_at": None,
    "empty_since": None,
    "sign_out_since": None,
    "signed_out_last": None,
    "canary": False,
    "proving_since": None,
    "proved_at": None,
    "unhealthy_since": None,
    "missing_since": None,
    "warned": {},
    "error": "",
    "reason": "",
}


def reopened(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """The row as it is to be planned with: of a host that has ended, perhaps for another round."""
    if rollout.going_back and not row.back and rollout.state in _BRINGS_BACK:
        return _brought_back(row, rollout)
    tried_again = rollout.retried_at and row.ended_at and row.ended_at <= rollout.retried_at
    if row.state is HostState.FAILED and tried_again and not rollout.state.ended:
        return again(row, step="to be tried again", left_drained=True)
    return row


def again(row: RolloutHost, **changes: object) -> RolloutHost:
    """The row with everything forgotten that belonged to the round before.

    What has to be given back stays, and so does what is needed to make a VM that is gone.
    """
    state = move_host(row.host, row.state, HostState.PENDING)
    return row.model_copy(update={**_AFRESH, "state": state, **changes})


def _brought_back(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """Hosts that were updated, or failed on the way, get a goal of their own; those never touched are left."""
    if row.state not in {HostState.DONE, HostState.FAILED}:
        return row
    goal = former_version(row, rollout)
    if not goal:
        return row
    if row.state is HostState.DONE and goal.lower() == rollout.version_id.lower():
        return row  # it was on the target before
    failed = row.state is HostState.FAILED
    given_back: dict[str, Any] = {} if failed else {"prior_tags": {}, "prior_delete_option": None}
    return again(
        row,
        back=True,
        goal_id=goal,
        kept_disk_id=row.old_disk_id,
        old_disk_id=None,
        stale_disk_id=None,
        left_drained=failed,
        step="to be brought back",
        **given_back,
    )


def former_version(row: RolloutHost, rollout: Rollout) -> str:
    """ARM id of the version the host was on before; what the pool was on, when the host did not say. Empty: unknown."""
    if row.from_version_id:
        return row.from_version_id
    same_image = rollout.from_image in {None, rollout.image}
    return f"{rollout.definition_id}/versions/{rollout.from_version}" if same_image and rollout.from_version else ""
