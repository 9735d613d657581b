"""Decides whether a caller may make a request, before its handler or a kept answer is looked at."""

from __future__ import annotations

from shared.access.errors import NotAllowed, NotSignedIn
from shared.access.registrations import check_account_reach
from shared.access.subjects import subject_of
from shared.core.errors import Conflict, NotFound
from shared.models.access.roles import Caller, Gate, Need, Reach
from shared.records.access import reach_of
from shared.services import Services

CHANGES = frozenset({Need.PUBLISH, Need.STEER, Need.APPROVE, Need.CONFIGURE})
"""Needs of routes that change something: they ask for all accounts of what the path names."""


def authorize(
    services: Services, caller: Caller | None, need: Need | Gate, subject: tuple[str, str] | None, *, creates: bool
) -> Reach:
    """The accounts of the caller, who may make the request.

    `subject`: kind and name of what the path names. `creates`: the request makes it if it does not exist. What the
    caller may not see is answered as if it did not exist. Raises NotSignedIn, NotAllowed, NotFound, and Conflict for a
    name that somebody else has taken.
    """
    if need is Gate.OPEN:
        return Reach()
    if caller is None:
        raise NotSignedIn("Send an Entra ID token or an app key.")
    reach = reach_of(services, caller)
    if subject is not None:
        _check_subject(services, reach, caller, need, subject, creates=creates)
    if isinstance(need, Need) and need not in caller.may:
        raise NotAllowed(lacks_text(caller, need), need)
    return reach


def _check_subject(
    services: Services, reach: Reach, caller: Caller, need: Need | Gate, subject: tuple[str, str], *, creates: bool
) -> None:
    kind, name = subject
    found = subject_of(services, kind, name)
    if found is None or not found.seen_by(reach):
        if not creates:
            raise NotFound(kind, name)
        if found is not None and isinstance(need, Need) and need in caller.may:
            if kind == "account":
                check_account_reach(reach, name)
            raise Conflict(f"The name {name} is taken. Choose another one.")
    elif need in CHANGES and need in caller.may and not found.changed_by(reach):
        raise NotAllowed(not_all_text(kind), Need(need))


def not_all_text(kind: str) -> str:
    """Why somebody with some of its accounts may not change a thing."""
    return f"This {kind} belongs to accounts that you have no grant for, too."


def lacks_text(caller: Caller | None, need: Need) -> str:
    """Why a caller whose roles do not meet the need is refused."""
    if caller is None or not caller.roles:
        return "You are signed in, but have no role in this app. Ask an admin of the directory to assign one."
    roles = " and ".join(sorted(caller.roles))
    return f"This needs the right to {need}. You are {roles}."
