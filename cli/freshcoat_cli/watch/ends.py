"""How a rollout or a task has ended, and what that means for the command that followed it. Pure."""

from __future__ import annotations

from collections.abc import Collection

from freshcoat_cli.output.words import message, words
from freshcoat_cli.watch.rollout_screen import may, name_of
from freshcoat_cli.watch.sight import Json, Sight
from freshcoat_cli.watch.task_screen import task_name
from freshcoat_cli.watch.words import ENDS, OPEN, WAITING

DONE = 0
ENDED_OTHERWISE = 8
WAITS_FOR_A_PERSON = 9
TIMED_OUT = 124
INTERRUPTED = 130

SUCCESS: frozenset[str] = frozenset({"succeeded"})
"""The ends that are wanted, unless a command says otherwise: a cancelled rollout is to be `cancelled`."""


def exit_code(sight: Sight, wanted: Collection[str] = SUCCESS, *, stop_when_waiting: bool = False) -> int | None:
    """With which code following ends now. None: it goes on."""
    state = str(sight.view["state"])
    if state in ENDS or sight.view["ended_at"]:
        return DONE if state in wanted else ENDED_OTHERWISE
    return WAITS_FOR_A_PERSON if stop_when_waiting and waits_for_a_person(sight) else None


def waits_for_a_person(sight: Sight) -> bool:
    """Whether nothing goes on until somebody approves, resumes or cancels."""
    view = sight.view
    if sight.is_rollout:
        return view["state"] in WAITING
    if view["awaiting_since"] or (view["waits_for"] or {}).get("code") == "ring_waits_for_approval":
        return True
    states = {pool["state"] for pool in view["pools"]} & set(OPEN)
    return bool(states) and states <= set(WAITING)


def closing(sight: Sight, code: int, *, only_ascii: bool) -> str:
    """The last line: how it ended, or why it is not followed any longer and how to go on."""
    match code:
        case 0 | 8:
            return f"{_sign(code, only_ascii)} {_ended(sight, only_ascii)}"
        case 9:
            return f"{_name(sight, only_ascii)} waits for a person. {_how_to_go_on(sight)}"
        case 124:
            more = f"It goes on: freshcoat watch {sight.view['id']}"
            return f"{_name(sight, only_ascii)} has not ended in the time given. {more}"
        case _:
            return goes_on(sight)


def goes_on(sight: Sight) -> str:
    """What Ctrl-C says."""
    name, view = ("Rollout" if sight.is_rollout else "Task"), sight.view
    return f"{name} {view['id']} goes on: freshcoat watch {view['pool'] if sight.is_rollout else view['id']}"


def _ended(sight: Sight, only_ascii: bool) -> str:
    view = sight.view
    note = message(view["note"])
    text = f"{_name(sight, only_ascii)}: {words(str(view['state']))}"
    if sight.is_rollout:
        done, hosts = view["counts"].get("done", 0) + view["counts"].get("skipped", 0), view["hosts"]
        text += f", {done} of {hosts} hosts" if view["state"] == "succeeded" else ""
    again = f"Try again: freshcoat retry {view['id']}" if sight.is_rollout and may(view, "retry") else ""
    return " ".join(part for part in (f"{text}.", note, again) if part)


def _name(sight: Sight, only_ascii: bool) -> str:
    return (
        name_of(sight.view, only_ascii=only_ascii) if sight.is_rollout else task_name(sight.view, only_ascii=only_ascii)
    )


def _sign(code: int, only_ascii: bool) -> str:
    return ("+" if only_ascii else "✔") if code == DONE else ("x" if only_ascii else "✘")


def _how_to_go_on(sight: Sight) -> str:
    view: Json = sight.view
    command = "resume" if view["state"] == "paused" else "approve"
    return f"To go on: freshcoat {command} {view['id']}"
