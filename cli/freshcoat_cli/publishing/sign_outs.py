"""Commands to a rollout that may sign people out: how many, somebody agrees to. The app refuses more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from freshcoat_cli.client.http import Reply
from freshcoat_cli.errors import CliError, Exit
from freshcoat_cli.options import Change
from freshcoat_cli.output.moments import now
from freshcoat_cli.output.words import count
from freshcoat_cli.publishing.plans import is_close
from freshcoat_cli.session import Session

Send = Callable[[Mapping[str, int]], Reply]
"""Sends the command with these fields besides."""


@dataclass(frozen=True)
class Agreement:
    """What is agreed on before a command is given."""

    question: str
    word: str
    """What is typed to agree that people are signed out soon: the pool's name."""
    soon: bool
    """Whether people would be signed out before the first warning of an hour."""
    people: int = 0
    """How many are known to be there. The app counts anew."""
    allowed: int | None = None
    """`--sign-out`."""
    asks: bool = True
    """Whether it is asked about also when nobody is signed out soon."""


def schedule_is_close(rollout: Mapping[str, Any], schedule: Mapping[str, Any] | None) -> bool:
    """Whether this schedule of a rollout signs people out before the first warning. None: it signs nobody out."""
    if schedule is None:
        return False
    moment = schedule.get("force_at") or schedule.get("at") or schedule.get("deadline") or now().isoformat()
    return is_close({"schedule": {"force_at": moment}, "policy": rollout.get("policy")}, now())


def send_agreed(session: Session, agreement: Agreement, given: Change, send: Send) -> Reply:
    """Ask, and give the command with the number that was agreed on. Who comes meanwhile is asked about again.

    Raises CliError. Without a terminal nobody is signed out soon unless `--sign-out` allows it.
    """
    most = _agreed(session, agreement, given)
    while True:
        try:
            return send({} if most is None else {"sign_outs": most})
        except CliError as error:
            people = (error.problem or {}).get("sign_outs")
            if not isinstance(people, int) or agreement.allowed is not None:
                raise
            if given.yes or not sys.stdin.isatty():
                raise _not_allowed(people) from error
            _ask_for(session, agreement, people)
            most = people


def _agreed(session: Session, agreement: Agreement, given: Change) -> int | None:
    """How many people may be signed out; None: any number, for they are warned before."""
    if agreement.allowed is None and agreement.soon and agreement.people and not given.yes and sys.stdin.isatty():
        _ask_for(session, agreement, agreement.people)
        return agreement.people
    if agreement.asks:
        session.ask(agreement.question, given)
    return 0 if agreement.allowed is None and agreement.soon else agreement.allowed


def _ask_for(session: Session, agreement: Agreement, people: int) -> None:
    harm = f"This signs out {count(people, 'person', 'people')} soon."
    session.ask_for(f"{agreement.question} {harm}", agreement.word)


def _not_allowed(people: int) -> CliError:
    there = count(people, "person", "people")
    return CliError(Exit.REFUSED, f"{there} would be signed out soon", f"Add --sign-out {people} to allow it.")
