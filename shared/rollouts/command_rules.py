"""Which command is allowed in which state of a rollout, and why not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from shared.core.states import HostState, RolloutState
from shared.core.wording import ROLLOUT_WORDS
from shared.models.policy import CanaryHold
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind


class Command(StrEnum):
    """The commands to a rollout. `cancel` leaves the hosts as they are, `roll_back` returns them to the old version."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    ROLL_BACK = "roll_back"
    RESCHEDULE = "reschedule"
    APPROVE = "approve"
    RETRY = "retry"
    CHANGE = "change"


class Reply(StrEnum):
    """How a command is answered in a state."""

    DO = "do"
    ALREADY = "already"
    """The command has no effect in this state: the answer is success, and nothing is written."""
    REFUSE = "refuse"


_C, _S, _D, _A, _N = Command, RolloutState, Reply.DO, Reply.ALREADY, Reply.REFUSE

_ROWS: dict[RolloutState, tuple[Reply, ...]] = {
    # state:           pause resume cancel roll_back reschedule approve retry change
    _S.SCHEDULED: (_D, _A, _D, _D, _D, _N, _N, _D),
    _S.RUNNING: (_D, _A, _D, _D, _D, _N, _D, _D),
    _S.AWAITING_APPROVAL: (_D, _N, _D, _D, _D, _D, _N, _D),
    _S.PAUSED: (_A, _D, _D, _D, _D, _N, _D, _D),
    _S.ROLLING_BACK: (_D, _A, _D, _A, _D, _N, _D, _D),
    _S.CANCELLING: (_N, _N, _A, _D, _N, _N, _N, _N),
    _S.SUCCEEDED: (_N, _N, _N, _N, _N, _N, _N, _N),
    _S.FAILED: (_N, _N, _N, _N, _N, _N, _D, _N),
    _S.CANCELLED: (_N, _N, _A, _N, _N, _N, _D, _N),
    _S.ROLLED_BACK: (_N, _N, _N, _A, _N, _N, _N, _N),
}

REPLIES: dict[RolloutState, dict[Command, Reply]] = {
    state: dict(zip(Command, row, strict=True)) for state, row in _ROWS.items()
}
"""The replies that follow from the state alone; `reply` also considers the other fields and the failed hosts."""

_NOT_FOR_REFRESHES = frozenset({_C.CANCEL, _C.ROLL_BACK, _C.RESCHEDULE, _C.CHANGE})
"""A refresh is switched on and off on its pool, follows its policy, and has no schedule."""


def has_begun(rollout: Rollout) -> bool:
    """Whether a host may have been changed, so that there is something to roll back."""
    return rollout.begun


def is_forcing(rollout: Rollout, now: datetime) -> bool:
    """Whether sessions are being ended, so that the deadline cannot move any more."""
    halted = rollout.state in {RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL}
    return now >= rollout.schedule.force_at and not halted


def reply(
    rollout: Rollout, failed: Sequence[RolloutHost], command: Command, *, lost: bool = False, will_wait: bool = False
) -> Reply:
    """The reply to a command now. `failed`: the rollout's failed hosts; `lost`: whether hosts that it removed from the
    pool were found out of it. Only `retry` needs them. `will_wait`: whether it will wait for approval when it is due,
    which only `approve` needs."""
    if _excluded_by_kind(rollout, command):
        return Reply.REFUSE
    if command is Command.ROLL_BACK and not has_begun(rollout):
        command = Command.CANCEL  # no host was changed, so there is nothing to roll back
    by_state = REPLIES[rollout.state][command]
    match command:
        case Command.RETRY if lost and rollout.state.ended:
            return Reply.DO
        case Command.APPROVE if will_wait:
            return Reply.DO
        case Command.APPROVE if by_state is Reply.REFUSE and _is_approved(rollout):
            return Reply.ALREADY
        case Command.ROLL_BACK if by_state is Reply.DO and _roll_back_was_cancelled(rollout):
            return Reply.REFUSE
        case Command.RETRY if by_state is Reply.DO:
            return _reply_to_retry(rollout, failed)
        case _:
            return by_state


def _is_approved(rollout: Rollout) -> bool:
    """Whether all has been approved that it may wait with; while a second person is awaited, that is still to come."""
    second_alone = rollout.second.at is not None and rollout.policy.canary_hold is CanaryHold.AUTO
    return rollout.second.awaiting_since is None and (rollout.approval.at is not None or second_alone)


def _excluded_by_kind(rollout: Rollout, command: Command) -> bool:
    """Whether rollouts of this kind never accept the command."""
    match rollout.kind:
        case RolloutKind.REFRESH:
            return command in _NOT_FOR_REFRESHES or (command is Command.RETRY and rollout.state.ended)
        case RolloutKind.ROLL_BACK:
            return command is Command.ROLL_BACK
        case _:
            return False


def _roll_back_was_cancelled(rollout: Rollout) -> bool:
    """Whether it was cancelled while it rolled back: it does not return to the hosts that it has left since."""
    return rollout.state is RolloutState.CANCELLING and rollout.rolling_back


def _reply_to_retry(rollout: Rollout, failed: Sequence[RolloutHost]) -> Reply:
    if not failed:
        return Reply.REFUSE
    continues = not rollout.state.ended and rollout.state is not RolloutState.PAUSED
    return Reply.ALREADY if continues and all(_retry_is_pending(rollout, host) for host in failed) else Reply.DO


def _retry_is_pending(rollout: Rollout, host: RolloutHost) -> bool:
    """Whether a retry of this host was requested already, so that the next reconcile pass starts it."""
    return rollout.failures.retries(host.host, host.ended_at)


def failed_of(hosts: Sequence[RolloutHost]) -> list[RolloutHost]:
    """The failed ones of a rollout's hosts."""
    return [host for host in hosts if host.state is HostState.FAILED]


def refusal_of(rollout: Rollout, command: Command, name: str = "") -> str:
    """Why `reply` refuses the command, and what to do instead. `name`: what the rollout is called; its id if empty."""
    return f"{name or f'Rollout {rollout.id}'} {ROLLOUT_WORDS[rollout.state]}: {_why(rollout, command)}."


_FOLLOWS_POOL = "a refresh follows the policy of its pool; change that instead"


def _why(rollout: Rollout, command: Command) -> str:
    if _excluded_by_kind(rollout, command):
        return _FOLLOWS_POOL if command is Command.CHANGE else _why_excluded_by_kind(rollout)
    match command:
        case Command.RESUME if rollout.state is RolloutState.AWAITING_APPROVAL:
            return "it is not paused; approve it to continue"  # answering "done" would be untrue
        case Command.RESUME if not rollout.state.ended:
            return "only a paused rollout can be resumed"
        case Command.APPROVE:
            waits = rollout.second.awaiting_since or rollout.approval.awaiting_since
            paused = rollout.state is RolloutState.PAUSED and waits
            return f"nothing waits for approval{'; resume it, then it will ask again' if paused else ''}"
        case Command.ROLL_BACK if rollout.state.ended:
            return f"it is too late to roll it back. {_how_to_roll_back(rollout)}"
        case Command.ROLL_BACK:
            goal = f"version {rollout.before.version}" if rollout.before.version else "the former version"
            return f"it is being cancelled during a roll-back; when it has ended, publish {goal} to finish rolling back"
        case Command.RETRY:
            return _why_no_retry(rollout)
        case _:
            return f"it is too late to {command.value} it"


def _how_to_roll_back(rollout: Rollout) -> str:
    """How to roll the pool back after the rollout has ended.

    The pool's version changes only when a canary host passes. Before that, rolling the pool back does nothing, although
    some of its hosts may have the new version.
    """
    proven = rollout.progress.canary_passed_at is not None or rollout.state is RolloutState.SUCCEEDED
    if proven and rollout.of_whole_pool:
        return f"Roll back pool {rollout.pool} instead"
    if rollout.before.version is None or rollout.failed_hosts_only:
        return "Publish the version you want instead"
    other = rollout.before.image not in {None, rollout.image}
    former = f"{rollout.before.version}{f' of image {rollout.before.image}' if other else ''}"
    return f"Pool {rollout.pool} still has version {former}. Publish that version for the hosts that changed"


def _why_excluded_by_kind(rollout: Rollout) -> str:
    if rollout.kind is RolloutKind.ROLL_BACK and rollout.state.ended:
        return "it was a roll-back itself; publish the version you want instead"
    if rollout.kind is RolloutKind.ROLL_BACK:
        return 'it is a roll-back already; to stop it, cancel it with "how": "leave"'
    if rollout.state.ended:
        return "it was a refresh; the pool starts a new one as long as its refresh is switched on"
    return 'it refreshes hosts until the pool switches that off; set "refresh": "off" on the pool'


def _why_no_retry(rollout: Rollout) -> str:
    match rollout.state:
        case RolloutState.AWAITING_APPROVAL:
            return "approve or cancel it first"
        case RolloutState.CANCELLING:
            return "wait for its end, then retry"
        case _:
            return "none of its hosts failed"
