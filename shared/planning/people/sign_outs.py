"""Sessions that could not be signed out: whose they are, what Azure answered, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.core.codes import Code
from shared.core.wording import counted
from shared.models.azure import HEALTHY_STATUSES, SessionHost, UserSession
from shared.models.messages import Message, message, quote

UNKNOWN_SESSION = "unknown session"
"""Recorded as the answer when the broker lists a session but does not find it at its sign-out (404)."""
NAMED = 3
"""At most this many sessions are named."""


def not_signed_out(seen: SessionHost, sessions: Sequence[UserSession], answers: Mapping[str, str]) -> Message:
    """Why a host fails whose sessions do not end.

    `sessions` are the host's as the broker lists them; `answers`: session id -> what Azure answered to its sign-out,
    UNKNOWN_SESSION or empty for a sign-out that Azure accepted.
    """
    number = max(seen.sessions, len(sessions))
    text = f"{counted(number, 'session')} could not be signed out"
    if sessions:
        text += f": {_named(sessions)}"
    return message(Code.NOT_SIGNED_OUT, f"{text}. {_reason(seen, sessions, answers)}", count=number)


def _named(sessions: Sequence[UserSession]) -> str:
    ordered = sorted(sessions, key=lambda one: (one.user, one.id))
    names = [f"{one.user or 'unknown user'} (session {one.id})" for one in ordered[:NAMED]]
    more = [f"{len(ordered) - NAMED} more"] if len(ordered) > NAMED else []
    return ", ".join([*names, *more])


def _reason(seen: SessionHost, sessions: Sequence[UserSession], answers: Mapping[str, str]) -> str:
    if seen.status not in HEALTHY_STATUSES:
        return f"The host is {seen.status} and cannot end sessions. Check its VM and agent, start it, then retry."
    if not sessions:
        counts = counted(seen.sessions, "session")
        return f"The broker counts {counts} but lists none. Wait for the right count or restart the host, then retry."
    given = [answers.get(one.id, "") for one in sessions]
    refused = next((answer for answer in given if answer and answer != UNKNOWN_SESSION), "")
    if refused:
        return f"Azure refused: {quote(refused)}. Correct that, or sign the users out on the host, then retry."
    if UNKNOWN_SESSION in given:
        return "The broker lists the session but does not find the session. Restart the host, then retry."
    return (
        "Azure accepted the sign-out, but it had no effect. Sign the users out on the host or restart it, then retry."
    )
