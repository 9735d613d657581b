"""What can be told a rollout and how that is answered: a table of states and commands, and what else counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from shared.core.states import RolloutState
from shared.core.wording import ROLLOUT_WORDS
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind


class Command(StrEnum):
    """What can be told a rollout. `cancel` leaves the rest as it is, `roll_back` takes everything back."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    ROLL_BACK = "roll_back"
    RESCHEDULE = "reschedule"
    APPROVE = "approve"
    RETRY = "retry"


class Reply(StrEnum):
    """How a command is answered in a state."""

    DO = "do"
    ALREADY = "already"
    """It is so already: answered as done, nothing is written."""
    REFUSE = "refuse"


_C, _S, _D, _A, _N = Command, RolloutState, Reply.DO, Reply.ALREADY, Reply.REFUSE

_ROWS: dict[RolloutState, tuple[Reply, ...]] = {
    # state:           pause resume cancel roll_back reschedule approve retry
    _S.SCHEDULED: (_D, _A, _D, _D, _D, _N, _N),
    _S.RUNNING: (_D, _A, _D, _D, _D, _N, _D),
    _S.AWAITING_APPROVAL: (_D, _N, _D, _D, _D, _D, _N),
    _S.PAUSED: (_A, _D, _D, _D, _D, _N, _D),
    _S.ROLLING_BACK: (_D, _A, _D, _A, _D, _N, _D),
    _S.CANCELLING: (_N, _N, _A, _D, _N, _N, _N),
    _S.SUCCEEDED: (_N, _N, _N, _N, _N, _N, _N),
    _S.FAILED: (_N, _N, _N, _N, _N, _N, _D),
    _S.CANCELLED: (_N, _N, _A, _N, _N, _N, _D),
    _S.ROLLED_BACK: (_N, _N, _N, _A, _N, _N, _N),
}

REPLIES: dict[RolloutState, dict[Command, Reply]] = {
    state: dict(zip(Command, row, strict=True)) for state, row in _ROWS.items()
}
"""By the state alone; `reply` looks at the rest of the rollout too. `retry` needs hosts that have failed."""

_NOT_OF_A_REFRESH = frozenset({_C.CANCEL, _C.ROLL_BACK, _C.RESCHEDULE})
"""Its pool says whether hosts are refreshed, and it has no moments."""


def has_begun(rollout: Rollout) -> bool:
    """Whether something may have been done to a host, so that there is something to take back."""
    return rollout.started_at is not None and rollout.state is not RolloutState.SCHEDULED


def reply(rollout: Rollout, failed: Sequence[RolloutHost], command: Command) -> Reply:
    """How the command is answered now. `failed`: the rollout's failed hosts; only `retry` looks at them."""
    if _of_another_kind(rollout, command):
        return Reply.REFUSE
    if command is Command.ROLL_BACK and not has_begun(rollout):
        command = Command.CANCEL  # nothing to take back
    text = REPLIES[rollout.state][command]
    match command:
        case Command.APPROVE if text is Reply.REFUSE and rollout.approved_at:
            return Reply.ALREADY
        case Command.ROLL_BACK if text is Reply.DO and _can_be_rolled_back(rollout):
            return Reply.REFUSE
        case Command.RETRY if text is Reply.DO:
            return _retried(rollout, failed)
        case _:
            return text


def _of_another_kind(rollout: Rollout, command: Command) -> bool:
    match rollout.kind:
        case RolloutKind.REFRESH:
            return command in _NOT_OF_A_REFRESH or (command is Command.RETRY and rollout.state.ended)
        case RolloutKind.ROLL_BACK:
            return command is Command.ROLL_BACK
        case _:
            return False


def _can_be_rolled_back(rollout: Rollout) -> bool:
    """Whether it was going back and was told to leave it: the hosts it has left since are through."""
    return rollout.state is RolloutState.CANCELLING and rollout.rolling_back


def _retried(rollout: Rollout, failed: Sequence[RolloutHost]) -> Reply:
    if not failed:
        return Reply.REFUSE
    goes_on = not rollout.state.ended and rollout.state is not RolloutState.PAUSED
    return Reply.ALREADY if goes_on and all(_asked_for(rollout, host) for host in failed) else Reply.DO


def _asked_for(rollout: Rollout, host: RolloutHost) -> bool:
    """Whether somebody has had this host tried again, and the next look does so."""
    return bool(rollout.retried_at and host.ended_at and host.ended_at <= rollout.retried_at)


def refusal_of(rollout: Rollout, command: Command) -> str:
    """Why a command is refused that `reply` refuses, and what to do instead."""
    return f"Rollout {rollout.id} {ROLLOUT_WORDS[rollout.state]}: {_why(rollout, command)}."


def _why(rollout: Rollout, command: Command) -> str:
    if _of_another_kind(rollout, command):
        return _why_not_of_its_kind(rollout)
    match command:
        case Command.RESUME if rollout.state is RolloutState.AWAITING_APPROVAL:
            return "it is not paused, and goes on once somebody approves it"  # so "done" would not be true
        case Command.RESUME if not rollout.state.ended:
            return "only a paused one can be resumed"
        case Command.APPROVE:
            paused = rollout.state is RolloutState.PAUSED and rollout.awaiting_since
            return f"nothing waits for approval{'; resume it, then it asks again' if paused else ''}"
        case Command.ROLL_BACK if rollout.state.ended:
            return f"it is too late to take it back; {_how_to_roll_back(rollout)}"
        case Command.ROLL_BACK:
            goal = f"version {rollout.from_version}" if rollout.from_version else "the former version"
            return f"it was going back and leaves the rest as it is; once it has ended, publish {goal} for that"
        case Command.RETRY:
            return _why_no_retry(rollout)
        case _:
            return f"it is too late to {command.value} it"


def _how_to_roll_back(rollout: Rollout) -> str:
    """What takes the pool back after the end. Without a first host that had proved good the pool's version never moved:
    to the pool there is nothing to roll back then, though some of its hosts are on the new version."""
    proven = rollout.canary_passed_at is not None or rollout.state is RolloutState.SUCCEEDED
    if proven and not rollout.retry_of:
        return f"use POST /api/pools/{rollout.pool}/roll-back"
    if rollout.from_version is None or rollout.retry_of:
        return "publish the version you want with update-image"
    other = rollout.from_image not in {None, rollout.image}
    former = f"{rollout.from_version}{f' of image {rollout.from_image}' if other else ''}"
    return (
        f"with it pool {rollout.pool} never left version {former}: publish that with update-image, for hosts that did"
    )


def _why_not_of_its_kind(rollout: Rollout) -> str:
    if rollout.kind is RolloutKind.ROLL_BACK and rollout.state.ended:
        return "it was a way back itself; publish the version you want with update-image"
    if rollout.kind is RolloutKind.ROLL_BACK:
        return "it goes back already; cancel it with how leave"
    if rollout.state.ended:
        return "it has refreshed hosts, and another one does so as long as the pool asks for it"
    return "it refreshes hosts as long as the pool asks for it; set refresh: off on the pool"


def _why_no_retry(rollout: Rollout) -> str:
    match rollout.state:
        case RolloutState.AWAITING_APPROVAL:
            return "approve or cancel it first"
        case RolloutState.CANCELLING:
            return "wait for its end, then retry"
        case _:
            return "no host of it has failed"
