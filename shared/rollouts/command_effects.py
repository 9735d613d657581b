"""What a command would do now, in words and numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.codes import Code
from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.messages import Message, message
from shared.models.rollouts import Rollout, RolloutHost
from shared.rollouts.command_rules import Command, has_begun

_IN_WORK = frozenset({HostState.REIMAGING, HostState.JOINING, HostState.VERIFYING})


_CHANGED = _IN_WORK | {HostState.DONE, HostState.FAILED}


@dataclass(frozen=True)
class Tally:
    """How many hosts of a rollout are in work, wait, failed, or were taken up. Counted once for all commands."""

    in_work: int
    waiting: int
    failed: int
    changed: int

    @classmethod
    def of(cls, rows: Sequence[RolloutHost]) -> Tally:
        """The numbers of these rows."""
        counts = Counter(row.state for row in rows)
        in_work = sum(counts[state] for state in _IN_WORK)
        return cls(
            in_work=in_work,
            waiting=sum(count for state, count in counts.items() if not state.ended) - in_work,
            failed=counts[HostState.FAILED],
            changed=sum(row.taken_at is not None and row.state in _CHANGED for row in rows),
        )


def effect_of(rollout: Rollout, tally: Tally, command: Command) -> Message:
    """What the command would do to the rollout and its hosts, by their numbers. `count`: the hosts it is about."""
    in_work, waiting, failed = tally.in_work, tally.waiting, tally.failed
    match command:
        case Command.PAUSE:
            return message(Code.WOULD_PAUSE, f"{_finishing(in_work)}No other host is started.", count=in_work)
        case Command.RESUME:
            text = "It goes on after its checks. Failures up to now do not pause it again."
            return message(Code.WOULD_RESUME, text, count=waiting)
        case Command.APPROVE:
            what = "It begins at its time." if rollout.second.awaiting_since else _others(waiting)
            return message(Code.WOULD_APPROVE, what, count=waiting)
        case Command.RETRY:
            return message(Code.WOULD_RETRY, _retried(rollout, failed), count=failed)
        case Command.RESCHEDULE:
            return message(Code.WOULD_RESCHEDULE, "Its moments that are still ahead move. Users are told anew.")
        case Command.CHANGE:
            return message(Code.WOULD_CHANGE, "Limits, windows, warnings and hosts count from the next pass on.")
        case Command.CANCEL:
            return _cancelled(rollout, in_work, waiting)
        case Command.ROLL_BACK:
            return _rolled_back(rollout, tally)


def _finishing(in_work: int) -> str:
    verb = "is" if in_work == 1 else "are"
    return f"{counted(in_work, 'host')} in work {verb} finished. " if in_work else ""


def _others(waiting: int) -> str:
    verb = "is" if waiting == 1 else "are"
    return f"{counted(waiting, 'host')} that waited {verb} updated."


def _retried(rollout: Rollout, failed: int) -> str:
    verb = "is" if failed == 1 else "are"
    new = " A new rollout does that." if rollout.state.ended else ""
    return f"{counted(failed, 'failed host')} {verb} tried again.{new}"


def _cancelled(rollout: Rollout, in_work: int, waiting: int) -> Message:
    version = rollout.before.version
    stays = f"stays on {version}" if version else "stays as it is"
    stay = f"stay on {version}" if version else "stay as they are"
    rest = f"{counted(waiting, 'host')} {stays if waiting == 1 else stay}."
    return message(Code.WOULD_CANCEL, f"{_finishing(in_work)}{rest}", count=waiting)


def _rolled_back(rollout: Rollout, tally: Tally) -> Message:
    if not has_begun(rollout):
        return _cancelled(rollout, tally.in_work, tally.waiting)
    changed = tally.changed
    goal = f"version {rollout.before.version}" if rollout.before.version else "the version they had"
    verb = "goes" if changed == 1 else "go"
    return message(Code.WOULD_ROLL_BACK, f"{counted(changed, 'host')} {verb} back to {goal}.", count=changed)
