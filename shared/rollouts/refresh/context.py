"""Inputs of a refresh pass: the pool's current setting and version, and the rollouts it must yield to.

A refresh is a rollout that runs until the pool switches it off. Every pass follows the pool's row: its policy, its
version, and whether refresh is on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.core.arm_ids import version_id
from shared.core.codes import Code
from shared.core.errors import AzureRefused, Conflict, StaleRow
from shared.core.hrefs import versions_href
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.models.base import region_key
from shared.models.images import GalleryVersion
from shared.models.messages import Message, message, quote
from shared.models.policy import CanaryHold, OnFailure, Policy, PolicyOverrides, ScheduleMode, resolve_policy
from shared.models.pools import Pool, Refresh
from shared.models.rollouts import FIRST_GUESS, Rollout, RolloutHost
from shared.planning.observe import gone
from shared.records.new_hosts import choose_for_new_hosts
from shared.records.pools import running_rollout
from shared.rollouts.refresh.exclusion import suspended_by, time_needed
from shared.services import Services

_FIXED = PolicyOverrides(
    canary_hosts=0, canary_hold=CanaryHold.AUTO, bake_minutes=0, warn_minutes=(), on_failure=OnFailure.PAUSE,
    keep_old_disk_days=0,
)  # fmt: skip
"""No canary, because the pool already has the version; no warnings, because nobody is signed out; no kept disks,
because a used disk is no target of a roll-back."""


@dataclass(frozen=True)
class RefreshContext:
    """A refresh during one pass. `rollout` is its updated row; `blocked_reason`: why no host may be started now.

    `ended_rollout` is a rollout of the pool that has ended since the last pass, and `ended_rows` are its host rows;
    both may be empty.
    """

    rollout: Rollout
    blocked_reason: Message | None = None
    suspended: bool = False
    version: GalleryVersion | None = None
    ended_rollout: str = ""
    ended_rows: Mapping[str, RolloutHost] = field(default_factory=dict)

    def blocked_reason_for(self, rows: Iterable[RolloutHost]) -> Message | None:
        """Why these hosts may not be started now, else None. A host that cannot be rebuilt must not be drained."""
        if self.blocked_reason or self.replicas(rows):
            return self.blocked_reason
        text = f"waits: version {self.rollout.version} is not replicated to the hosts' region"
        return message(Code.NO_REPLICA, text, href=versions_href(self.rollout.image))

    def replicas(self, rows: Iterable[RolloutHost]) -> int:
        """Replicas of the version in the hosts' region that has the fewest; 1 when unknown."""
        regions = {region_key(row.location) for row in rows if row.location}
        if self.version is None:
            return 1
        return min((self.version.replicas.get(region, 0) for region in regions), default=1)


def policy_of(pool: Pool) -> Policy:
    """The policy of the pool's refresh: the pool's own, without the settings for new versions and for sign-outs."""
    asked = pool.policy.model_copy(update=dict.fromkeys(("probe", "canary_hold", "canary_hosts", "bake_minutes")))
    return resolve_policy(ScheduleMode.ON_LOGOFF, asked, _FIXED)


@dataclass(frozen=True)
class RefreshSetting:
    """The pool's current setting for its refresh: fields of the refresh's row, and why no host may be started now."""

    changes: Mapping[str, Any]
    first_guess: float = FIRST_GUESS
    suspended: bool = False
    blocked_reason: Message | None = None
    version: GalleryVersion | None = None


def read_refresh_setting(services: Services, rollout: Rollout, pool: Pool, now: datetime) -> RefreshSetting:
    """Read the pool's current setting. Raises AzureBusy, because the version is read from the gallery."""
    host_seconds = rollout.progress.host_seconds or pool.host_seconds or FIRST_GUESS
    rollout = rollout.replace(first_guess=host_seconds)
    suspended = suspended_by(services, pool, now, time_needed(rollout))
    target = _Target() if suspended or _is_over(rollout, pool) else _target(services, pool)
    changes = _changes(rollout, pool, policy_of(pool)) | target.changes
    blocked_reason = suspended or target.blocked_reason
    return RefreshSetting(changes, host_seconds, suspended is not None, blocked_reason, target.version)


def update_refresh_row(services: Services, rollout: Rollout, setting: RefreshSetting) -> bool:
    """Write the pool's setting to the refresh's row if it changed, and say so. Then a new pass must begin.

    The target version is thus on the row before the first host is rebuilt, so the removal of versions and the pool's
    view read it in time. Raises StaleRow.
    """
    wanted = rollout.replace(**setting.changes)
    if wanted is rollout:
        return False
    services.rollouts.replace(wanted.replace(first_guess=setting.first_guess))
    return True


def load_refresh_context(services: Services, rollout: Rollout, pool: Pool, setting: RefreshSetting) -> RefreshContext:
    """The inputs of this pass, once the refresh's row has the pool's setting."""
    # Also while the next rollout already holds the pool, because the pool's row has only the last ended one.
    ended_rollout = "" if pool.last_rollout == rollout.exclusion.counted_rollout else pool.last_rollout
    return RefreshContext(
        rollout=rollout.replace(first_guess=setting.first_guess),
        blocked_reason=setting.blocked_reason,
        suspended=setting.suspended,
        version=setting.version,
        ended_rollout=ended_rollout,
        ended_rows={row.host: row for row in services.hosts.all(ended_rollout)} if ended_rollout else {},
    )


def _is_over(rollout: Rollout, pool: Pool) -> bool:
    """Whether the pool has switched this refresh off or replaced it."""
    return pool.refresh is Refresh.OFF or pool.refresh_rollout != rollout.id


def _changes(rollout: Rollout, pool: Pool, policy: Policy) -> dict[str, Any]:
    changes: dict[str, Any] = {"policy": policy, "zone": pool.time_zone}
    # Accepted failures that were fixed since must not hide later failures.
    accepted = min(rollout.failures.accepted, rollout.progress.counts.get("failed", 0))
    changes["failures"] = rollout.failures.replace(accepted=accepted)
    if _is_over(rollout, pool) and rollout.state is not RolloutState.CANCELLING:
        row = as_cancelling(rollout)
        changes |= {"state": row.state, "resume_to": row.resume_to, "note": row.note}
    return changes


def as_cancelling(rollout: Rollout) -> Rollout:
    """The row of a refresh that was switched off: hosts in work finish, drained hosts return to service."""
    state = transition_rollout(rollout.id, rollout.state, RolloutState.CANCELLING)
    note = message(Code.REFRESH_OFF, "The refresh was switched off on the pool.")
    return rollout.model_copy(update={"state": state, "resume_to": None, "note": note})


@dataclass(frozen=True)
class _Target:
    """The version to which hosts are refreshed, as fields of the rollout, or why there is none."""

    changes: dict[str, Any] = field(default_factory=dict)
    version: GalleryVersion | None = None
    blocked_reason: Message | None = None


def _target(services: Services, pool: Pool) -> _Target:
    """The version that new hosts of the pool get. A fallback version is no target: used hosts are not moved to it.

    Raises AzureBusy.
    """
    try:
        found = choose_for_new_hosts(services, pool, running_rollout(services, pool))
    except (Conflict, AzureRefused) as error:
        return _Target(blocked_reason=message(Code.WAITS_FOR_VERSION, f"waits: {quote(str(error))}"))
    choice, image = found.choice, found.image
    if choice.refused:
        text = f"waits: {choice.refused}, so no used host is rebuilt to it"
        return _Target(blocked_reason=message(Code.WAITS_FOR_VERSION, text, href=versions_href(choice.image)))
    target_id = version_id(image.definition_id, choice.version)
    changes = {"image": image.name, "definition_id": image.definition_id, "version": choice.version}
    return _Target(changes | {"version_id": target_id}, found.version)


def forget_gone(
    services: Services, rollout: Rollout, stored: Mapping[str, RolloutHost], rows: Mapping[str, RolloutHost]
) -> None:
    """Delete the rows of hosts that have left the pool, because a refresh does not end and hosts come and go.

    A row stays for one more pass, so that people can see why. While the refresh is cancelled, its rows stay as record.
    """
    if rollout.state is RolloutState.CANCELLING:
        return
    now = services.now()
    for host, row in rows.items():
        if host in stored and _has_left(stored[host], now) and _has_left(row, now):
            try:
                services.hosts.remove(row)
            except StaleRow:
                continue


def _has_left(row: RolloutHost, now: datetime) -> bool:
    """Whether the host has left the pool, before it was started or after it failed."""
    return row.state is HostState.SKIPPED or (row.state is HostState.FAILED and gone(row, now))
