"""What has changed between two looks: lines for a log, objects for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from freshcoat_cli.output.moments import moment_of, span
from freshcoat_cli.output.moments import name_of as zone_name
from freshcoat_cli.output.words import message, plain, words
from freshcoat_cli.watch.parts import told
from freshcoat_cli.watch.rollout_screen import event_line, name_of
from freshcoat_cli.watch.sight import Json, Look, Sight
from freshcoat_cli.watch.task_screen import task_name
from freshcoat_cli.watch.words import HOSTS, host_state

EVERY = timedelta(seconds=60)
"""A line is written at least so often, so that a log shows that somebody still watches."""


@dataclass(frozen=True)
class Said:
    """What a line has said of what lasts, so that the next ones need not say it again."""

    note: str = ""
    coming: tuple[str, str] = ("", "")
    """Text and moment of what comes next, or of what is waited for."""
    problem: str = ""

    @classmethod
    def of(cls, sight: Sight, before: Said) -> Said:
        """What has been said once there was a line about this. Without an answer, nothing new is known."""
        if sight.problem:
            return cls(before.note, before.coming, sight.problem)
        coming = _coming(sight)
        return cls(message(sight.view["note"]), (message(coming), str((coming or {}).get("at") or "")))


def first_line(sight: Sight, look: Look, now: datetime) -> str:
    """What is followed, and in which zone the times are."""
    kind, name = ("Rollout", name_of) if sight.is_rollout else ("Task", task_name)
    zone = zone_name(look.zone, now)
    return f"{kind} {sight.view['id']}: {name(sight.view, only_ascii=look.ascii)} (times: {zone})"


def lines(
    before: Sight | None, after: Sight, look: Look, now: datetime, last_at: datetime | None, said: Said
) -> tuple[list[str], Said]:
    """The lines to write now: what has happened, and where it stands if that has changed or was not said for long.

    With them, what has been said by then.
    """
    told_events = [event_line(event, look).plain for event in after.events]
    told_events += [_step_line(step, look) for step in _steps_between(before, after)]
    changed = before is None or _standing(before) != _standing(after) or before.problem != after.problem
    due = last_at is None or now - last_at >= EVERY
    if not changed and not due:
        return told_events, said
    return [*told_events, standing_line(after, look, now, said)], Said.of(after, said)


def _steps_between(before: Sight | None, after: Sight) -> list[Json]:
    """The steps of a task that have begun and ended since the look before: no standing line has named them."""
    named = {step["name"] for step in before.view["steps"]} if before and not before.is_rollout else set()
    return [step for step in after.view.get("steps", ()) if step["ended_at"] and step["name"] not in named]


def _step_line(step: Json, look: Look) -> str:
    """`23:40:52 taking a snapshot, for 8 s`, with the moment of its beginning."""
    begun, ended = moment_of(step["begun_at"]), moment_of(step["ended_at"])
    if begun is None or ended is None:
        return plain(step["name"])
    return f"{begun.astimezone(look.zone):%H:%M:%S} {plain(step['name'])}, for {span((ended - begun).total_seconds())}"


def standing_line(sight: Sight, look: Look, now: datetime, said: Said) -> str:
    """`23:40:52 running 65 %, 31 done, 6 re-imaging; next: 00:00, in 19 min: Users are asked to sign out.`

    Notes, what comes next and why there is no answer are said once, and again when they change.
    """
    clock = f"{now.astimezone(look.zone):%H:%M:%S}"
    if sight.problem:
        known = sight.problem == said.problem
        return f"{clock} still no answer" if known else f"{clock} no answer: {plain(sight.problem)}"
    parts = [f"{words(str(sight.view['state']))} {sight.view['percent']} %", *_numbers(sight)]
    more = [text for text in _more(sight, look, now, said) if text]
    return f"{clock} {', '.join(parts)}{''.join(f'; {text}' for text in more)}"


def _numbers(sight: Sight) -> Iterator[str]:
    if sight.is_rollout:
        counts = sight.view["counts"]
        for state in [*HOSTS, *sorted(counts.keys() - HOSTS.keys())]:
            if counts.get(state):
                yield f"{counts[state]} {host_state(state).word}"
        return
    yield from ([plain(sight.view["step"])] if sight.view["step"] else [])
    for pool in sight.view["pools"]:
        if pool["state"]:
            yield f"{plain(pool['pool'])} {words(pool['state'])} {pool['percent']} %"


def _coming(sight: Sight) -> Json | None:
    found: Json | None = sight.view["next"] if sight.is_rollout else sight.view["waits_for"]
    return found


def _more(sight: Sight, look: Look, now: datetime, said: Said) -> Iterator[str]:
    view, known = sight.view, Said.of(sight, said)
    if known.note != said.note:
        yield known.note or ("" if view["ended_at"] else f"no longer: {said.note}")
    coming = _coming(sight)
    if coming and known.coming != said.coming and message(coming) != known.note:
        yield f"{'next' if sight.is_rollout else 'waits'}: {told(coming, look, now)}"


def _standing(sight: Sight) -> tuple[object, ...]:
    view = sight.view
    numbers = view["counts"] if sight.is_rollout else [(pool["pool"], pool["state"]) for pool in view["pools"]]
    return view["state"], view["percent"], numbers, message(view["note"]), view.get("step")


def change_object(before: Sight | None, after: Sight, now: datetime) -> Json | None:
    """What has changed, for a program. None: nothing. The first one has every host."""
    hosts, events = ((), ()) if after.problem else (after.hosts, after.events)
    same = before is not None and before.problem == after.problem and _facts(before) == _facts(after)
    if same and not hosts and not events:
        return None
    shown: Json = {"at": now.isoformat(timespec="seconds"), "complete": False, **_facts(after)}
    if after.problem:
        shown["problem"] = after.problem
    if after.is_rollout:
        shown |= {"changed_hosts": list(hosts), "events": list(events)}
    return shown


def last_object(sight: Sight, code: int, now: datetime) -> Json:
    """The last object: all that the API says, and the exit code."""
    return {"at": now.isoformat(timespec="seconds"), "complete": True, "exit_code": code, **sight.view}


_ROLLOUT = ("id", "pool", "version", "state", "percent", "counts", "note", "next", "expected_end", "ended_at")
_TASK = ("id", "kind", "image", "version", "state", "percent", "step", "note", "waits_for", "pools", "ended_at")


def _facts(sight: Sight) -> Json:
    return {name: sight.view[name] for name in (_ROLLOUT if sight.is_rollout else _TASK)}


def newest(events: tuple[Json, ...]) -> datetime | None:
    """The moment of the newest event."""
    moments = [at for event in events if (at := moment_of(event["at"]))]
    return max(moments, default=None)
