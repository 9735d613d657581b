"""The events that follow from a change of a rollout's row. Pure: the same change has the same events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from shared.core.codes import Code
from shared.core.ids import newest_first_moment
from shared.core.states import RolloutState
from shared.core.wording import ROLLOUT_WORDS, counted, names_text
from shared.models.base import iso
from shared.models.history.rollout_events import EventKind, RolloutEvent
from shared.models.messages import Message, message, sentence
from shared.models.rollout_parts import Progress
from shared.models.rollouts import Rollout, RolloutKind

_RANKS = {kind: rank for rank, kind in enumerate(EventKind)}
_OF_A_REFRESH = frozenset(
    {
        *(EventKind.CREATED, EventKind.BEGUN, EventKind.CHANGED, EventKind.HOST_FAILED),
        *(EventKind.PAUSED, EventKind.RESUMED, EventKind.CANCELLED, EventKind.ENDED),
    }
)
"""A refresh goes on for years, so that its daily work is not kept."""
_GOING_ON = frozenset({RolloutState.SCHEDULED, RolloutState.RUNNING, RolloutState.ROLLING_BACK})
_OPEN = _GOING_ON | {RolloutState.AWAITING_APPROVAL}
_DATES = ("begin_at", "force_at", "others_force_at")


def event(
    rollout: Rollout,
    kind: EventKind,
    at: datetime,
    text: Message,
    *,
    host: str = "",
    who: str = "",
    data: Mapping[str, Any] = MappingProxyType({}),
) -> RolloutEvent:
    """An event, with the id that follows from it: when, what, and which host."""
    made = f"{newest_first_moment(at)}-{len(_RANKS) - _RANKS[kind]:02d}-{kind.value}{f'-{host}' if host else ''}"
    facts = {name: value for name, value in data.items() if value not in (None, "", (), [], {})}
    return RolloutEvent(rollout=rollout.id, id=made, at=at, kind=kind, host=host, who=who, text=text, data=facts)


def is_kept(rollout: Rollout, kind: EventKind) -> bool:
    """Whether the history of this rollout has events of this kind."""
    return rollout.kind is not RolloutKind.REFRESH or kind in _OF_A_REFRESH


def rollout_events(
    before: Rollout | None, after: Rollout, at: datetime, who: str = "", reason: str = ""
) -> list[RolloutEvent]:
    """What has happened between two writes of a rollout's row; `before` is None for a rollout that is new.

    `at` dates what the row has no moment for. `who` gave the command, if it was one, for this `reason`.
    """
    if before is after:
        return []
    change = _Change(before, after, at, who, reason)
    found = [*change.beginnings(), *change.approvals(), *change.progress(), *change.settings(), *change.states()]
    return [one for one in found if is_kept(after, EventKind(one.kind))]


@dataclass(frozen=True)
class _Change:
    before: Rollout | None
    after: Rollout
    at: datetime
    who: str
    reason: str = ""

    def _made(self, kind: EventKind, at: datetime, text: Message, *, who: str = "", **data: Any) -> RolloutEvent:
        if who and who == self.who and self.reason:
            data["reason"] = self.reason
        return event(self.after, kind, at, text, who=who, data=data)

    def beginnings(self) -> Iterator[RolloutEvent]:
        after = self.after
        if self.before is None:
            whole = {"version": after.version, "image": after.image, "reason": after.reason, "retry_of": after.retry_of}
            text = message(Code.CREATED, f"{after.requested_by or 'The app'} {_asked_for(after)}.")
            yield self._made(EventKind.CREATED, after.created_at, text, who=after.requested_by, **whole)
        if after.started_at and (self.before is None or self.before.started_at is None):
            yield self._made(EventKind.BEGUN, after.started_at, message(Code.BEGUN, "Work on the first hosts begins."))

    def approvals(self) -> Iterator[RolloutEvent]:
        before, after = self.before, self.after
        second, canary = after.second, after.approval
        if second.at and (before is None or before.second.at != second.at):
            text = message(Code.APPROVED, f"{second.by} approved it as a second person.")
            yield self._made(EventKind.APPROVED, max(second.at, after.created_at), text, who=second.by, of="rollout")
        if canary.at and (before is None or before.approval.at != canary.at):
            text = message(Code.APPROVED, f"{canary.by} approved the canary hosts, so the others follow.")
            yield self._made(EventKind.APPROVED, canary.at, text, who=canary.by, of="canary")

    def progress(self) -> Iterator[RolloutEvent]:
        now, was = self.after.progress, self.before.progress if self.before else Progress()
        if now.canary_passed_at and was.canary_passed_at is None and self.after.policy.canary_hosts > 0:
            text = message(Code.CANARY_PASSED, "The canary hosts passed their checks.")
            yield self._made(EventKind.CANARY_PASSED, now.canary_passed_at, text)
        if now.last_pass is None or was.last_pass is None or now.last_pass is was.last_pass:
            return
        last, earlier = now.last_pass, was.last_pass
        if earlier.unproven and not last.unproven and now.counts.get("done"):
            text = message(Code.FIRST_HOST_PROVED, "The first host is back in service, so the others follow.")
            yield self._made(EventKind.FIRST_HOST_PROVED, last.at, text)
        if earlier.batch and last.batch > earlier.batch:
            words = f"Up to {counted(last.batch, 'host')} at once from now on."
            text = message(Code.BATCH_SIZE, words, count=last.batch)
            yield self._made(EventKind.RAMP, last.at, text, batch=last.batch, before=earlier.batch)
        if last.window_closed is not earlier.window_closed and self.after.state in _GOING_ON:
            closed = last.window_closed
            kind = EventKind.WINDOW_CLOSED if closed else EventKind.WINDOW_OPENED
            code, word = (Code.WINDOW_CLOSES, "closed") if closed else (Code.WINDOW_OPENS, "opened")
            yield self._made(kind, last.at, message(code, f"The maintenance window {word}."))

    def settings(self) -> Iterator[RolloutEvent]:
        before, after = self.before, self.after
        if before is None or before.rollback.since != after.rollback.since:
            return  # a roll-back has dates and limits of its own
        dates = {name: (getattr(before.schedule, name), getattr(after.schedule, name)) for name in _DATES}
        if moved := {name: [iso(was), iso(now)] for name, (was, now) in dates.items() if was != now}:
            yield self._made(EventKind.MOVED, self.at, _moved(after, moved.keys()), who=self.who, **moved)
        if changed := _differences(before, after):
            names = ", ".join(sorted(changed))
            text = message(Code.SETTINGS_CHANGED, f"Changed: {names}.", count=len(changed))
            yield self._made(EventKind.CHANGED, self.at, text, who=self.who, **changed)

    def states(self) -> Iterator[RolloutEvent]:
        before, after = self.before, self.after
        if before and after.failures.retried_at and after.failures.retried_at != before.failures.retried_at:
            text = message(Code.RETRIED, "The failed hosts are tried again.")
            yield self._made(EventKind.RETRIED, after.failures.retried_at, text, who=self.who)
        elif before and (hosts := after.failures.asked_since(before.failures)):
            text = message(Code.RETRIED, f"Tried again: {names_text(hosts)}.", count=len(hosts))
            yield self._made(EventKind.RETRIED, self.at, text, who=self.who, hosts=hosts)
        elif before and _goes_on(before, after):
            yield self._made(EventKind.RESUMED, self.at, message(Code.RESUMED, "It goes on."), who=self.who)
        if before is None or before.state is not after.state:
            yield from self._entered()

    def _entered(self) -> Iterator[RolloutEvent]:
        after, note = self.after, self.after.note
        match after.state:
            case RolloutState.PAUSED:
                yield self._made(EventKind.PAUSED, self.at, note or _PAUSED, who=self.who)
            case RolloutState.AWAITING_APPROVAL:
                second = after.second.awaiting_since
                at = second or after.approval.awaiting_since or self.at
                text = (after.second.reason if second else note) or _WAITS
                yield self._made(EventKind.WAITS_FOR_APPROVAL, at, text, of="rollout" if second else "canary")
            case RolloutState.CANCELLING:
                yield self._made(EventKind.CANCELLED, self.at, note or _CANCELLED, who=self.who)
            case RolloutState.ROLLING_BACK if self.before is None or not self.before.rolling_back:
                yield self._made(EventKind.ROLLING_BACK, self.at, after.rollback.reason or _BACK, who=self.who)
            case state if state.ended and after.ended_at:
                counts = after.progress.counts
                yield self._made(EventKind.ENDED, after.ended_at, _ended(after), state=state.value, hosts=counts)


_PAUSED = message(Code.PAUSED, "It is paused: no more hosts are started.")
_WAITS = message(Code.WAITS_FOR_APPROVAL, "It waits for approval.")
_CANCELLED = message(Code.STOPPING, "It is being stopped; hosts in work finish.")
_BACK = message(Code.ROLLING_BACK, "Its hosts are being rolled back.")


def _asked_for(rollout: Rollout) -> str:
    match rollout.kind:
        case RolloutKind.ROLL_BACK:
            return f"asked to go back to version {rollout.version} of {rollout.image}"
        case RolloutKind.REFRESH:
            return "switched the refresh on"
        case _ if rollout.retry_of:
            return f"asked to try the failed hosts again with version {rollout.version} of {rollout.image}"
        case _:
            return f"asked for version {rollout.version} of {rollout.image}"


def _goes_on(before: Rollout, after: Rollout) -> bool:
    paused = before.state is RolloutState.PAUSED and after.state in _OPEN
    return paused and after.rolling_back is before.rolling_back


def _differences(before: Rollout, after: Rollout) -> dict[str, list[Any]]:
    """The changed settings, each before and after."""
    if before.policy == after.policy and before.selection == after.selection:
        return {}
    old, new = (one.policy.model_dump(mode="json") for one in (before, after))
    changed = {name: [was, new[name]] for name, was in old.items() if was != new[name]}
    for name in ("exclude", "drain_again"):
        was, now = (list(getattr(one.selection, name)) for one in (before, after))
        changed |= {name: [was, now]} if was != now else {}
    return changed


def _moved(rollout: Rollout, names: Any) -> Message:
    schedule = rollout.schedule
    if "force_at" in names:
        return message(Code.DEADLINE_MOVED, "The deadline was moved.", at=schedule.force_at)
    if "others_force_at" in names:
        text = "The deadline of the hosts behind the canary was moved."
        return message(Code.DEADLINE_MOVED, text, at=schedule.others_force_at)
    return message(Code.START_MOVED, "The start was moved.", at=schedule.begin_at)


def _ended(rollout: Rollout) -> Message:
    text, note = f"The rollout {ROLLOUT_WORDS[rollout.state]}.", rollout.note
    if rollout.state is RolloutState.SUCCEEDED or note is None:
        return message(Code.ROLLOUT_ENDED, text)
    return message(Code.ROLLOUT_ENDED, f"{text} {sentence(note.text)}", at=note.at, href=note.href)
