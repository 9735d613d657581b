"""Which pools a version may be published to, by its state. Pure.

An active version is for every pool, a staged version for pools in ring test, a backup for a requested roll-back. A
version that is only in the gallery is for no pool until it is staged: after a test it could not be activated.
"""

from __future__ import annotations

from datetime import datetime

from shared.core.states import VERSION_FORMERLY_ACTIVE, VersionState
from shared.core.wording import VERSION_WORDS
from shared.models.base import version_key
from shared.models.findings import Finding
from shared.models.images import GalleryVersion, ImageVersion
from shared.models.pools import Pool, Ring
from shared.versions.version_set import VersionSet

CHECK = "staged"

_GONE = {
    VersionState.CAPTURING: ("is still being made", "wait until it is staged, or choose another version"),
    VersionState.FAILED: ("could not be created", "choose another version, or set the image again"),
    VersionState.DISCARDED: ("was discarded", "choose another version"),
    VersionState.DELETED: ("was deleted", "choose another version"),
}


def check_use(
    pool: Pool, version_set: VersionSet, version: str, there: GalleryVersion | None, *, allow_downgrade: bool
) -> Finding | None:
    """Whether the version may be published to the pool; None for an unknown version, which another check reports.

    `there`: the version as the gallery has it; None when the gallery has no such version or cannot be read.
    """
    current = pool.image == version_set.state.image and pool.version == version
    recorded = version_set.versions.get(version)
    if recorded is None:
        if there is None:
            return None
        return _unrecorded(pool, version_set, there, current=current, allow_downgrade=allow_downgrade)
    match recorded.state:
        case VersionState.ACTIVE:
            return _pass("the version is active")
        case VersionState.STAGED:
            return _staged(pool, version)
        case VersionState.BACKUP | VersionState.REPLACED:
            return _backup(recorded, current=current, allow_downgrade=allow_downgrade)
        case state:
            reason, what_to_do = _GONE[state]
            return _fail(f"version {version} {reason}", what_to_do)


def why_withdrawn(version_set: VersionSet, version: str, since: datetime) -> str | None:
    """Why a request of `since` for the version does not count any more, as a clause; None when it does."""
    recorded, active = version_set.versions.get(version), version_set.state.active
    if recorded is None:
        return None
    if recorded.verdict and recorded.verdict.result == "failed" and recorded.verdict.at > since:
        return f"version {version} failed its test after this was asked for"
    was_active, until = recorded.state in VERSION_FORMERLY_ACTIVE, recorded.retired_at
    retired = was_active and until is not None and until > since
    if retired and (active is None or version_key(active) < version_key(version)):
        return f"the image was rolled back from version {version} after this was asked for"
    return None


def check_replaced(version_set: VersionSet, version: str, asked_at: datetime, *, begun: bool) -> Finding | None:
    """Whether an accepted request still counts, although another version became the active one after it.

    None: none did, or the version was never active; then `check_use` decides. A version that the image was rolled
    back from is for no pool, whatever the request allowed. One that a newer version replaced is still a good one: a
    rollout that has `begun` is finished, since a pool on two versions is worse.
    """
    recorded, active = version_set.versions.get(version), version_set.state.active
    if recorded is None or recorded.state not in VERSION_FORMERLY_ACTIVE or recorded.deleting:
        return None
    if recorded.retired_at is None or recorded.retired_at <= asked_at:
        return None
    if active and version_key(active) > version_key(version):
        return _pass(f"version {version} was replaced by {active} after work had begun") if begun else None
    return _fail(
        f"the image was rolled back from version {version} to {active}",
        f"cancel this rollout, or activate a newer version than {version}",
    )


def _backup(recorded: ImageVersion, *, current: bool, allow_downgrade: bool) -> Finding:
    if recorded.deleting:
        return _fail(f"version {recorded.version} is being removed", "choose another version")
    words = VERSION_WORDS[recorded.state]
    if current:
        return _pass(f"the version {words}, and the pool is on it")
    if allow_downgrade:
        return _pass(f"the version {words}, and a downgrade is allowed")
    return _fail(f"version {recorded.version} {words}", "send allow_downgrade: true to go back to it")


def _unrecorded(
    pool: Pool, version_set: VersionSet, there: GalleryVersion, *, current: bool, allow_downgrade: bool
) -> Finding:
    """A version without a row: it was in the gallery before the registration, or another tool published it."""
    version, active = there.version, version_set.state.active
    if current:
        return _pass("the pool is on this version")
    if active is None or version_key(version) > version_key(active):
        return _fail(f"version {version} is in the gallery, but was never staged", "stage it first")
    if there.exclude_from_latest:
        reason = f"version {version} was never staged, is excluded from latest, and is older than the active {active}"
        return _fail(reason, "choose another version")
    if allow_downgrade:
        return _pass(f"the version is older than the active {active}, and a downgrade is allowed")
    return _fail(
        f"version {version} is older than the active {active}", "send allow_downgrade: true if this is intended"
    )


def _staged(pool: Pool, version: str) -> Finding:
    if pool.ring is Ring.TEST:
        return _pass("the version is only staged, and this is a test pool")
    return _fail(
        f"version {version} is only staged and the pool is in ring {pool.ring.value}",
        "activate it first, or publish it to a pool of ring test",
    )


def _pass(detail: str) -> Finding:
    return Finding(check=CHECK, result="pass", detail=detail)


def _fail(detail: str, what_to_do: str) -> Finding:
    return Finding(check=CHECK, result="fail", detail=detail, what_to_do=what_to_do)
