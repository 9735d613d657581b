"""Who may do what: the needs of routes, the roles that meet them, callers and the accounts they reach. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shared.models.base import Value


class Need(StrEnum):
    """What a route asks of its caller."""

    READ = "read"
    """See pools, images, rollouts, tasks."""
    PLAN = "plan"
    """Ask what would happen."""
    PUBLISH = "publish"
    """Begin work: rollouts, versions of images, promotions."""
    STEER = "steer"
    """Pause, resume, cancel, retry, move or change what runs."""
    APPROVE = "approve"
    """Say that others' work may go on."""
    CONFIGURE = "configure"
    """Register pools, images and accounts, and say who may do what."""
    AUDIT = "audit"
    """Read the record of who did what."""
    HINT = "hint"
    """Report that somebody signed out."""


class Gate(StrEnum):
    """For the few routes that ask for no need."""

    OPEN = "open"
    """Anybody may call it."""
    SIGNED_IN = "signed_in"
    """Anybody who says who they are may call it, whatever their role."""


class Role(StrEnum):
    """What a caller is, as the token or the key says."""

    READER = "reader"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"
    AGENT = "agent"
    """A session host, or a program that reports log-offs."""


_OPERATOR = frozenset({Need.READ, Need.PLAN, Need.PUBLISH, Need.STEER})

MEETS: dict[Role, frozenset[Need]] = {
    Role.READER: frozenset({Need.READ}),
    Role.OPERATOR: _OPERATOR,
    Role.APPROVER: frozenset({Need.READ, Need.PLAN, Need.APPROVE}),
    Role.ADMIN: _OPERATOR | {Need.CONFIGURE, Need.AUDIT},
    Role.AGENT: frozenset({Need.HINT}),
}
"""The needs that each role meets. An admin does not approve: who sets the rules is not the second person."""

EVERY_ACCOUNT = "*"


class Reach(Value):
    """The accounts that a caller may see and change: names, or `*` for every one."""

    accounts: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether it includes every account, and what belongs to none."""
        return EVERY_ACCOUNT in self.accounts

    def sees(self, accounts: Iterable[str]) -> bool:
        """Whether what belongs to these accounts is visible. What belongs to `*` is visible with any account."""
        owners = frozenset(accounts)
        if self.everything or (EVERY_ACCOUNT in owners and self.accounts):
            return True
        return not self.accounts.isdisjoint(owners)

    def covers(self, accounts: Iterable[str]) -> bool:
        """Whether what belongs to these accounts may be changed: that needs all of them."""
        owners = frozenset(accounts)
        return self.everything or (bool(owners) and owners <= self.accounts)


ALL_ACCOUNTS = Reach(accounts=frozenset({EVERY_ACCOUNT}))


class CallerKind(StrEnum):
    """How a caller showed who it is."""

    TOKEN = "token"  # noqa: S105 - the word, no secret
    """An Entra ID token, or App Service authentication, which checked one."""
    KEY = "key"
    """A key of this app."""
    SIGNATURE = "signature"
    """A log-off event that is signed with the key of its pool."""
    DEVELOPMENT = "development"
    """The identity of a local run."""


class TwoPeople(StrEnum):
    """Whether the rollouts of a ring wait for a second person."""

    AUTO = "auto"
    """In production, when more than one person has a grant for the account."""
    ALWAYS = "always"
    NEVER = "never"


class Caller(Value):
    """Who asks. `id` tells callers apart and never changes; `name` is for people and proves nothing."""

    kind: CallerKind
    id: str
    name: str
    roles: frozenset[Role] = frozenset()
    reach: Reach | None = None
    """The accounts, where the proof says them itself (app keys, the development identity). None: see the grants."""
    pool: str = ""
    """The only pool whose hosts it may report; empty: those of every pool in reach."""

    @property
    def may(self) -> frozenset[Need]:
        """The needs that its roles meet."""
        return frozenset(need for role in self.roles for need in MEETS[role])
