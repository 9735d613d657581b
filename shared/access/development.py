"""The identity of a local run. Headers choose another role, accounts or name, so that each can be tried."""

from __future__ import annotations

from collections.abc import Mapping

from shared.access.errors import NotSignedIn
from shared.core.plain_text import one_line
from shared.models.access.roles import EVERY_ACCOUNT, Caller, CallerKind, Reach, Role

ID_OF_DEVELOPMENT = "development:"
"""How the id of a caller of a local run begins."""
ROLE, ACCOUNTS, NAME = "x-dev-role", "x-dev-accounts", "x-dev-name"


def development_caller(identity: str, headers: Mapping[str, str]) -> Caller:
    """The caller of a local run: by itself an admin and approver of every account. Raises NotSignedIn for an unknown
    role."""
    name = one_line(headers.get(NAME) or identity, 200)
    asked = [text.strip() for text in headers.get(ROLE, "").split(",") if text.strip()]
    if unknown := [text for text in asked if text not in Role]:
        roles = ", ".join(Role)
        raise NotSignedIn(f"There is no role {one_line(unknown[0], 50)}. Roles: {roles}.")
    accounts = [text.strip() for text in headers.get(ACCOUNTS, EVERY_ACCOUNT).split(",") if text.strip()]
    return Caller(
        kind=CallerKind.DEVELOPMENT,
        id=f"{ID_OF_DEVELOPMENT}{name}",
        name=name,
        roles=frozenset(map(Role, asked)) or frozenset({Role.ADMIN, Role.APPROVER, Role.AGENT}),
        reach=Reach(accounts=frozenset(accounts)),
    )
