"""The rows of access: the accounts of people and programs, and app keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.models.access.roles import Reach, Role
from shared.models.base import ONE_LINE, Name, Record, UtcTime

PRINCIPAL_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Principal = Annotated[str, StringConstraints(pattern=PRINCIPAL_PATTERN)]
"""`{tenant}.{object}`: a user, group-less, or an application in Entra ID, by the ids of its tenant and object."""

ACCOUNT_PATTERN = r"^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,62})$"
AccountNames = tuple[Annotated[str, StringConstraints(pattern=ACCOUNT_PATTERN)], ...]
"""Names of accounts, or `*` for every account."""


class Grant(Record):
    """The accounts of one principal. Its role comes from its token."""

    principal: Principal
    name: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    """Whose grant it is, for people."""
    accounts: AccountNames
    program: bool = False
    """Whether it is the grant of a program, which is no second person."""
    changed_by: str = ""
    changed_at: UtcTime

    @property
    def reach(self) -> Reach:
        """The accounts as a reach."""
        return Reach(accounts=frozenset(self.accounts))


class AppKey(Record):
    """A key of the app for a program. Only its SHA-256 is kept: the key itself is shown once, when it is made."""

    name: Name
    digest: str
    role: Role
    accounts: AccountNames
    expires_at: UtcTime
    created_by: str = ""
    created_at: UtcTime
    revoked_at: UtcTime | None = None

    @property
    def reach(self) -> Reach:
        """The accounts as a reach."""
        return Reach(accounts=frozenset(self.accounts))
