"""Who is signed in on hosts that a rollout still has to update. Pure."""

from __future__ import annotations

from shared.models.rollouts import RolloutKind
from shared.planning.values import HostView, Snapshot


def people_to_sign_out(snapshot: Snapshot) -> int:
    """Sessions that the rollout would end if all of them stay until its deadline. A refresh ends none."""
    if snapshot.kind is RolloutKind.REFRESH:
        return 0
    return sum(view.sessions for view in snapshot.hosts if _is_to_be_updated(snapshot, view))


def _is_to_be_updated(snapshot: Snapshot, view: HostView) -> bool:
    """Whether the host is neither finished, nor rebuilt already, nor to stay as it is."""
    row = view.row
    if row.state.ended or row.state.in_work or (snapshot.rolling_back and not row.rolling_back):
        return False
    if view.left_out and view.name not in snapshot.held_by_refresh:
        return False
    stays = row.version == snapshot.target and not (row.rolling_back or row.drained_by_earlier_failure)
    return view.drained or not (row.vm_missing or stays)
