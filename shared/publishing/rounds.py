"""The row of a refresh's host on its way from one use to the next: taken in hand, pinned to its goal, let go. Pure."""

from __future__ import annotations

from shared.core.states import HostState, move_host
from shared.models.rollouts import Rollout, RolloutHost


def reserve(row: RolloutHost) -> RolloutHost:
    """A host that a refresh is about to take although it never drained it: in hand from when the row is written."""
    state = move_host(row.host, row.state, HostState.DRAINING)
    return row.model_copy(update={"state": state, "drained_at": None, "empty_since": None, "step": "to be taken"})


def forget(row: RolloutHost) -> RolloutHost:
    """A host that a refresh has given back: its next use begins with all attempts, and with what its VM has then."""
    noted: dict[str, object] = {"prior_tags": {}, "prior_delete_option": None, "stale_disk_id": None}
    return row.model_copy(update={**noted, "attempt": 1, "error": ""})


def pin(row: RolloutHost, rollout: Rollout) -> RolloutHost:
    """What a refresh brings the host to, whatever the pool is on later. Only a host that it has failed on, and that is
    tried again, still knows the disk it was used on; of another one that is found out anew."""
    stale = row.stale_disk_id if row.left_drained else None
    return row.model_copy(update={"goal_id": rollout.version_id, "stale_disk_id": stale, "rebuild_asked": False})
