"""The states of rollouts, hosts, versions, tasks and promotions, with one transition table each.

Every write of a state asks its `transition_…` function first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.core.errors import InvalidTransition


class RolloutState(StrEnum):
    """The states of a rollout."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    PAUSED = "paused"
    ROLLING_BACK = "rolling_back"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"

    @property
    def ended(self) -> bool:
        """Whether this is an end state."""
        return self in ROLLOUT_ENDS


class HostState(StrEnum):
    """The states of a host in a rollout."""

    PENDING = "pending"
    DRAINING = "draining"
    WAITING_FOR_LOGOFF = "waiting_for_logoff"
    SIGNING_OUT = "signing_out"
    REIMAGING = "reimaging"
    JOINING = "joining"
    VERIFYING = "verifying"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether the host has reached an end state."""
        return self in HOST_ENDS

    @property
    def in_work(self) -> bool:
        """Whether the host is being rebuilt: it serves no users, and its own orchestration drives it."""
        return self in HOST_IN_WORK


class VersionState(StrEnum):
    """The states of an image version. Per image, at most one version is `active` and one `staged`."""

    CAPTURING = "capturing"
    STAGED = "staged"
    ACTIVE = "active"
    BACKUP = "backup"
    REPLACED = "replaced"
    """It was active, and the activation of another one kept no backup: deleted as soon as nobody uses it."""
    DELETED = "deleted"
    FAILED = "failed"
    DISCARDED = "discarded"


class TaskState(StrEnum):
    """The states of a task."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether this is an end state."""
        return self is not TaskState.RUNNING


class PromotionState(StrEnum):
    """The states of a scheduled activation. `promoting`: it has started and can no longer be cancelled."""

    SCHEDULED = "scheduled"
    PROMOTING = "promoting"
    PROMOTED = "promoted"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether this is an end state."""
        return self in PROMOTION_ENDS


_R, _H, _V, _T, _P = RolloutState, HostState, VersionState, TaskState, PromotionState

ROLLOUT_ENDS = frozenset({_R.SUCCEEDED, _R.FAILED, _R.CANCELLED, _R.ROLLED_BACK})
HOST_ENDS = frozenset({_H.DONE, _H.SKIPPED, _H.FAILED})
HOST_IN_WORK = frozenset({_H.REIMAGING, _H.JOINING, _H.VERIFYING})

ROLLOUT_TRANSITIONS: dict[RolloutState, frozenset[RolloutState]] = {
    # Directly to an end: every host of the pool already has the target version. To awaiting_approval: a second person
    # must approve it, or approve it again.
    _R.SCHEDULED: frozenset({_R.RUNNING, _R.AWAITING_APPROVAL, _R.PAUSED, _R.CANCELLING, _R.SUCCEEDED, _R.FAILED}),
    _R.RUNNING: frozenset({_R.AWAITING_APPROVAL, _R.PAUSED, _R.ROLLING_BACK, _R.CANCELLING, _R.SUCCEEDED, _R.FAILED}),
    # Back to scheduled: a second person approved it before it began.
    _R.AWAITING_APPROVAL: frozenset({_R.SCHEDULED, _R.RUNNING, _R.PAUSED, _R.ROLLING_BACK, _R.CANCELLING, _R.FAILED}),
    _R.PAUSED: frozenset({_R.SCHEDULED, _R.RUNNING, _R.AWAITING_APPROVAL, _R.ROLLING_BACK, _R.CANCELLING, _R.FAILED}),
    _R.ROLLING_BACK: frozenset({_R.ROLLED_BACK, _R.PAUSED, _R.CANCELLING, _R.FAILED}),
    # Back to rolling_back: somebody asks for a roll-back after cancelling with `leave`.
    _R.CANCELLING: frozenset({_R.CANCELLED, _R.ROLLING_BACK, _R.FAILED}),
    **{end: frozenset() for end in ROLLOUT_ENDS},
}

HOST_TRANSITIONS: dict[HostState, frozenset[HostState]] = {
    # Directly to reimaging: a failed attempt took it out of the host pool, so there is nothing to drain.
    _H.PENDING: frozenset({_H.DRAINING, _H.REIMAGING, _H.SKIPPED, _H.FAILED}),
    # Back to pending: undrained, because too few hosts accept sessions or the rollout was cancelled.
    _H.DRAINING: frozenset({_H.PENDING, _H.WAITING_FOR_LOGOFF, _H.SIGNING_OUT, _H.REIMAGING, _H.SKIPPED, _H.FAILED}),
    _H.WAITING_FOR_LOGOFF: frozenset({_H.PENDING, _H.DRAINING, _H.SIGNING_OUT, _H.REIMAGING, _H.SKIPPED, _H.FAILED}),
    _H.SIGNING_OUT: frozenset({_H.PENDING, _H.DRAINING, _H.REIMAGING, _H.SKIPPED, _H.FAILED}),
    # Back to draining: the recheck before the destructive step found a session, or somebody undrained the host.
    # To skipped, from here on: somebody deleted its VM.
    _H.REIMAGING: frozenset({_H.DRAINING, _H.JOINING, _H.SKIPPED, _H.FAILED}),
    # Back to reimaging: another attempt.
    _H.JOINING: frozenset({_H.REIMAGING, _H.VERIFYING, _H.SKIPPED, _H.FAILED}),
    _H.VERIFYING: frozenset({_H.REIMAGING, _H.DONE, _H.SKIPPED, _H.FAILED}),
    # Back to pending: to be rolled back, or used again (refresh).
    # To failed: to be rolled back, but its former version is not known.
    _H.DONE: frozenset({_H.PENDING, _H.FAILED}),
    # Back to pending: it was created on the version that is being rolled back, or is not left out any more.
    _H.SKIPPED: frozenset({_H.PENDING}),
    # Back to pending: somebody asked for a retry, or it is to be rolled back.
    _H.FAILED: frozenset({_H.PENDING}),
}

VERSION_TRANSITIONS: dict[VersionState, frozenset[VersionState]] = {
    _V.CAPTURING: frozenset({_V.STAGED, _V.FAILED}),
    _V.STAGED: frozenset({_V.ACTIVE, _V.DISCARDED}),
    _V.ACTIVE: frozenset({_V.BACKUP, _V.REPLACED}),
    # Back to active: the image is rolled back to it.
    _V.BACKUP: frozenset({_V.ACTIVE, _V.DELETED}),
    _V.REPLACED: frozenset({_V.ACTIVE, _V.DELETED}),
    # The number of a version that is gone, or was never created, may be used again.
    _V.FAILED: frozenset({_V.CAPTURING, _V.STAGED}),
    _V.DISCARDED: frozenset({_V.CAPTURING, _V.STAGED}),
    _V.DELETED: frozenset({_V.CAPTURING, _V.STAGED}),
}

VERSION_FORMERLY_ACTIVE = frozenset({_V.BACKUP, _V.REPLACED})
"""States of a version that was active and is still in the gallery: pools and hosts may be on it."""

TASK_TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    _T.RUNNING: frozenset({_T.SUCCEEDED, _T.FAILED, _T.CANCELLED}),
    **{end: frozenset() for end in (_T.SUCCEEDED, _T.FAILED, _T.CANCELLED)},
}

PROMOTION_ENDS = frozenset({_P.PROMOTED, _P.FAILED, _P.CANCELLED})

PROMOTION_TRANSITIONS: dict[PromotionState, frozenset[PromotionState]] = {
    _P.SCHEDULED: frozenset({_P.PROMOTING, _P.CANCELLED}),
    _P.PROMOTING: frozenset({_P.PROMOTED, _P.FAILED}),
    **{end: frozenset() for end in PROMOTION_ENDS},
}


def transition_rollout(rollout_id: str, now: RolloutState, to: RolloutState) -> RolloutState:
    """Return `to` if the table allows it, or if the state stays. Raises InvalidTransition."""
    return _transition("rollout", rollout_id, now, to, ROLLOUT_TRANSITIONS)


def transition_host(host: str, now: HostState, to: HostState) -> HostState:
    """Return `to` if the table allows it, or if the state stays. Raises InvalidTransition."""
    return _transition("host", host, now, to, HOST_TRANSITIONS)


def transition_version(version: str, now: VersionState, to: VersionState) -> VersionState:
    """Return `to` if the table allows it, or if the state stays. Raises InvalidTransition."""
    return _transition("version", version, now, to, VERSION_TRANSITIONS)


def transition_task(task: str, now: TaskState, to: TaskState) -> TaskState:
    """Return `to` if the table allows it, or if the state stays. Raises InvalidTransition."""
    return _transition("task", task, now, to, TASK_TRANSITIONS)


def transition_promotion(promotion: str, now: PromotionState, to: PromotionState) -> PromotionState:
    """Return `to` if the table allows it, or if the state stays. Raises InvalidTransition."""
    return _transition("promotion", promotion, now, to, PROMOTION_TRANSITIONS)


def _transition[S: StrEnum](kind: str, name: str, now: S, to: S, table: Mapping[S, frozenset[S]]) -> S:
    if to is not now and to not in table[now]:
        raise InvalidTransition(kind, name, now, to)
    return to
