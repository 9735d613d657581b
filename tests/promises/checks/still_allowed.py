"""Promise 11: no host is begun with a version, a right or a join that is no longer so."""

from __future__ import annotations

from shared.core.states import VersionState
from shared.models.base import version_key
from shared.models.images import ImageState, ImageVersion
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from tests.fixtures.app import App
from tests.fixtures.world.azure import DEFINITION_ID, REGION

_GONE = {VersionState.DISCARDED, VersionState.DELETED, VersionState.FAILED, VersionState.CAPTURING}


def why_not_any_more(app: App, rollout: Rollout, row: RolloutHost) -> str:
    """Why the host must not be begun now; empty when it may."""
    version = row.goal_id.rpartition("/")[2] or rollout.version
    there = app.world.versions[DEFINITION_ID.lower()].get(version)
    if there is None:
        return f"version {version} is not in the gallery any more"
    if row.rolling_back:
        return ""  # nothing else holds up who goes back
    if not there.replicas.get(REGION):
        return f"version {version} has no replica in {REGION} any more"
    if app.world.permissions.granted[0][1]:
        return "a right was withdrawn"
    if any(lock.level == "ReadOnly" for lock in app.world.locks):
        return "a lock forbids it"
    return _why_version_not(app, rollout, version)


def _why_version_not(app: App, rollout: Rollout, version: str) -> str:
    if rollout.kind is not RolloutKind.UPDATE:
        return ""
    rows = app.tables.versions.peek_all()  # type: ignore[attr-defined]
    recorded = next((row for row in rows if isinstance(row, ImageVersion) and row.version == version), None)
    active = next(row.active for row in rows if isinstance(row, ImageState))
    if recorded and recorded.state in _GONE:
        return f"version {version} is {recorded.state}"
    later = recorded and recorded.retired_at and recorded.retired_at > rollout.created_at
    if recorded and recorded.state is VersionState.BACKUP and later and version_key(active) < version_key(version):
        return f"the image was rolled back from version {version}"
    return ""
