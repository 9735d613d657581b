"""What happens next in a rollout, for people. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.core.codes import Code
from shared.core.states import RolloutState
from shared.models.messages import Message, message, sentence
from shared.models.rollouts import Rollout, RolloutKind
from shared.planning import timing
from shared.planning.windows import FOREVER, open_until, opens_at


def next_event(rollout: Rollout, now: datetime) -> Message | None:
    """What happens next; None after the end. Without `at` it waits for a person, or happens as hosts become free."""
    match rollout.state:
        case state if state.ended:
            return None
        case RolloutState.PAUSED if rollout.kind is RolloutKind.REFRESH:
            return message(Code.WAITS_FOR_RESUME, "It is paused until somebody resumes it.")
        case RolloutState.PAUSED:
            return message(Code.WAITS_FOR_RESUME, "It is paused until somebody resumes or cancels it.")
        case RolloutState.AWAITING_APPROVAL:
            return message(Code.WAITS_FOR_APPROVAL, "It waits until somebody approves or cancels it.")
        case RolloutState.CANCELLING:
            return message(Code.FINISHING_HOSTS, "The hosts that are being rebuilt are finished, then it ends.")
        case _ if rollout.rolling_back:
            return _next_while_rolling_back(rollout, now)
        case _:
            return _by_schedule(rollout, now)


def _next_while_rolling_back(rollout: Rollout, now: datetime) -> Message:
    """Hosts are rolled back as they empty; users on them have until `force_at`, and are warned before."""
    text = "Hosts are being rolled back."
    ahead = _of_schedule(rollout, now, begins=False)
    if not ahead:
        return message(Code.ROLLING_BACK, text)
    return ahead[0].model_copy(update={"text": f"{text} Next: {ahead[0].text[:1].lower()}{ahead[0].text[1:]}"})


def _by_schedule(rollout: Rollout, now: datetime) -> Message:
    """The next event of the schedule or of the windows, whichever comes first."""
    refreshes = rollout.kind is RolloutKind.REFRESH
    if refreshes and rollout.note:
        return rollout.note.model_copy(update={"text": sentence(rollout.note.text)})  # why nothing is started
    begin = max(now, rollout.schedule.begin_at)
    until, opens = windows_of(rollout, begin)
    upcoming = [] if refreshes else _of_schedule(rollout, now, begins=opens is None)
    if opens:
        upcoming.append(message(Code.WINDOW_OPENS, "The maintenance window opens, so hosts may be taken.", at=opens))
    elif until:
        text = "The maintenance window closes: hosts that are being rebuilt finish, no other is started."
        upcoming.append(message(Code.WINDOW_CLOSES, text, at=until))
    if upcoming:
        return min(upcoming, key=lambda one: one.at or now)
    if refreshes:
        return message(Code.REFRESHING_HOSTS, "Hosts are refreshed after use.")
    return message(Code.UPDATING_HOSTS, "The remaining hosts are updated.")


def _of_schedule(rollout: Rollout, now: datetime, *, begins: bool) -> list[Message]:
    """The schedule's next event, if there is one; its start only when hosts may be rebuilt then."""
    event = timing.next_event(rollout.schedule, rollout.policy, now)
    if event and event.at == rollout.schedule.begin_at and not begins:
        event = timing.next_event(rollout.schedule, rollout.policy, rollout.schedule.begin_at)
    return [event] if event else []


def windows_of(rollout: Rollout, moment: datetime) -> tuple[datetime | None, datetime | None]:
    """Until when the windows allow work at `moment`, or else when the next one opens; None without a limit.

    A roll-back ignores windows: getting users off a bad version is more urgent.
    """
    windows = rollout.policy.windows
    if not windows or rollout.state.ended or rollout.rolling_back:
        return None, None
    until = open_until(windows, rollout.zone, moment)
    if until is None:
        return None, opens_at(windows, rollout.zone, moment)
    return (None if until == FOREVER else until), None
