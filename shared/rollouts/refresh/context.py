"""What a look at a pool's refresh goes by: what the pool asks for now, its version, and which rollouts count as one.

A refresh is a rollout that never ends by itself. The pool's row is the wish: the look follows its policy, its version
and its end.
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
from shared.pools.new_host_image import choose_for_new_hosts
from shared.records.pools import running_rollout
from shared.rollouts.refresh.exclusion import suspended_by, time_needed
from shared.services import Services

_FIXED = PolicyOverrides(
    canary_hosts=0, canary_hold=CanaryHold.AUTO, bake_minutes=0, warn_minutes=(), on_failure=OnFailure.PAUSE,
    keep_old_disk_days=0,
)  # fmt: skip
"""Nothing is proved first, since the pool is on the version already; nobody is signed out, so nobody is warned; a used
disk is nothing to go back to."""


@dataclass(frozen=True)
class RefreshContext:
    """A refresh at one look. `rollout` is its row, brought up to date; `blocked_reason`: why nothing may be begun now.

    `counting` are the hosts of `counted`, a rollout that has ended since the last look; empty when there is none.
    """

    rollout: Rollout
    blocked_reason: Message | None = None
    suspended: bool = False
    version: GalleryVersion | None = None
    counted: str = ""
    counting: Mapping[str, RolloutHost] = field(default_factory=dict)

    def blocked_reason_for(self, rows: Iterable[RolloutHost]) -> Message | None:
        """Why nothing may be begun on these hosts now; None when it may. Nothing is drained that cannot be rebuilt."""
        if self.blocked_reason or self.replicas(rows):
            return self.blocked_reason
        text = f"waits: version {self.rollout.version} is not replicated to the hosts' region"
        return message(Code.NO_REPLICA, text, href=versions_href(self.rollout.image))

    def replicas(self, rows: Iterable[RolloutHost]) -> int:
        """Replicas of the version where the hosts are: the fewest of all their regions. Not known: one."""
        regions = {region_key(row.location) for row in rows if row.location}
        if self.version is None:
            return 1
        return min((self.version.replicas.get(region, 0) for region in regions), default=1)


def policy_of(pool: Pool) -> Policy:
    """What a refresh of the pool runs by: the pool's policy, less what is about a new version or about signing out."""
    asked = pool.policy.model_copy(update=dict.fromkeys(("probe", "canary_hold", "canary_hosts", "bake_minutes")))
    return resolve_policy(ScheduleMode.ON_LOGOFF, asked, _FIXED)


@dataclass(frozen=True)
class RefreshWish:
    """What the pool asks of its refresh now: fields of the refresh's row, and what keeps it from beginning hosts."""

    changes: Mapping[str, Any]
    first_guess: float = FIRST_GUESS
    suspended: bool = False
    blocked_reason: Message | None = None
    version: GalleryVersion | None = None


def read_refresh_wish(services: Services, rollout: Rollout, pool: Pool, now: datetime) -> RefreshWish:
    """Read what the pool asks for now. Raises AzureBusy (the gallery would have to say what is given out)."""
    each = rollout.host_seconds or pool.host_seconds or FIRST_GUESS
    rollout = rollout.replace(first_guess=each)
    suspended = suspended_by(services, pool, now, time_needed(rollout))
    aim = _Target() if suspended or _is_over(rollout, pool) else _target(services, pool)
    changes = _changes(rollout, pool, policy_of(pool)) | aim.changes
    return RefreshWish(changes, each, suspended is not None, suspended or aim.blocked_reason, aim.version)


def refresh_row(services: Services, rollout: Rollout, wish: RefreshWish) -> bool:
    """Write what the pool asks for to the refresh's row; whether it had to be written. Then a new pass begins.

    So whoever removes a version, or asks what the pool gets, reads it before the first host is brought to it.
    Raises StaleRow.
    """
    wanted = rollout.replace(**wish.changes)
    if wanted is rollout:
        return False
    services.rollouts.replace(wanted.replace(first_guess=wish.first_guess))
    return True


def load_refresh_context(services: Services, rollout: Rollout, pool: Pool, wish: RefreshWish) -> RefreshContext:
    """What this pass goes by, once the refresh's row holds what the pool asks for."""
    # Also while the next one holds the pool already: only the last one that has ended is known.
    counted = "" if pool.last_rollout == rollout.counted_rollout else pool.last_rollout
    return RefreshContext(
        rollout=rollout.replace(first_guess=wish.first_guess),
        blocked_reason=wish.blocked_reason,
        suspended=wish.suspended,
        version=wish.version,
        counted=counted,
        counting={row.host: row for row in services.hosts.all(counted)} if counted else {},
    )


def _is_over(rollout: Rollout, pool: Pool) -> bool:
    """Whether the pool does not ask for this refresh any more."""
    return pool.refresh is Refresh.OFF or pool.refresh_rollout != rollout.id


def _changes(rollout: Rollout, pool: Pool, policy: Policy) -> dict[str, Any]:
    changes: dict[str, Any] = {"policy": policy, "zone": pool.time_zone}
    # Failures that somebody knew of and that have been put right do not excuse later ones.
    changes["failures_accepted"] = min(rollout.failures_accepted, rollout.counts.get("failed", 0))
    if _is_over(rollout, pool) and rollout.state is not RolloutState.CANCELLING:
        over = switched_off(rollout)
        changes |= {"state": over.state, "resume_to": over.resume_to, "note": over.note}
    return changes


def switched_off(rollout: Rollout) -> Rollout:
    """The row of a refresh that is not wanted any more: hosts in work finish, drained ones are given back."""
    state = transition_rollout(rollout.id, rollout.state, RolloutState.CANCELLING)
    note = message(Code.REFRESH_OFF, "The pool does not ask for it any more.")
    return rollout.model_copy(update={"state": state, "resume_to": None, "note": note})


@dataclass(frozen=True)
class _Target:
    """The version hosts are brought to, as fields of the rollout; or why there is none."""

    changes: dict[str, Any] = field(default_factory=dict)
    version: GalleryVersion | None = None
    blocked_reason: Message | None = None


def _target(services: Services, pool: Pool) -> _Target:
    """What new hosts of the pool get. A version that only stands in for it is none: no used host is moved to that.

    Raises AzureBusy.
    """
    try:
        found = choose_for_new_hosts(services, pool, running_rollout(services, pool))
    except (Conflict, AzureRefused) as none:
        return _Target(blocked_reason=message(Code.WAITS_FOR_VERSION, f"waits: {quote(str(none))}"))
    choice, image = found.choice, found.image
    if choice.refused:
        text = f"waits: {choice.refused}, so no used host is rebuilt to it"
        return _Target(blocked_reason=message(Code.WAITS_FOR_VERSION, text, href=versions_href(choice.image)))
    target = version_id(image.definition_id, choice.version)
    changes = {"image": image.name, "definition_id": image.definition_id, "version": choice.version}
    return _Target(changes | {"version_id": target}, found.version)


def forget_gone(
    services: Services, rollout: Rollout, stored: Mapping[str, RolloutHost], rows: Mapping[str, RolloutHost]
) -> None:
    """Remove the rows of hosts that have left the pool: a refresh never ends, and hosts come and go.

    They stay for one look more, so that somebody can see why. While it is cancelled they are its record.
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
    """Whether the host has left the pool: never begun, or after it had failed."""
    return row.state is HostState.SKIPPED or (row.state is HostState.FAILED and gone(row, now))
