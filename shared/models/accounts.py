"""Accounts: the customers that pools belong to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

from shared.core.arm_ids import comparable, contains, describe_scope
from shared.models.base import ONE_LINE, Name, Record, UtcTime

DEFAULT_ACCOUNT = "default"
"""Exists without being registered, for users who need only one account."""


class Account(Record):
    """A customer. `time_zone` (IANA name) is the default of its pools.

    `scopes`: ids of the subscriptions and resource groups that are its own; without any it has what is nobody else's.
    `identity_client_id`: the managed identity that works there; empty: the app's own.
    """

    name: Name
    title: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    time_zone: str = "UTC"
    scopes: tuple[str, ...] = ()
    identity_client_id: str = ""
    created_at: UtcTime | None = None
    """None for the default account before its first change."""


@dataclass(frozen=True)
class ScopeMap:
    """Whose a resource in Azure is: of the accounts with the longest scope around it. Nobody's without any."""

    accounts: tuple[Account, ...]

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> ScopeMap:
        """The map of these accounts; those without scopes do not matter."""
        return cls(tuple(account for account in accounts if account.scopes))

    def problem(self, account: str, resource_id: str) -> str:
        """Why the account may not use the resource, in words that name no other account. Empty when it may."""
        owners = {owner.name for owner in self._owners(resource_id)}
        if account in owners:
            return ""
        if owners:
            return f"{describe_scope(resource_id)} is in a scope of another account, not of account {account}"
        if any(one.name == account for one in self.accounts):
            return f"{describe_scope(resource_id)} is outside the scopes of account {account}"
        return ""

    def identity(self, resource_id: str) -> str:
        """Client id of the identity that works on the resource. Empty: the app's own, also where accounts with
        different identities share a scope."""
        found = {owner.identity_client_id for owner in self._owners(resource_id)}
        return found.pop() if len(found) == 1 else ""

    def _owners(self, resource_id: str) -> list[Account]:
        lengths = {
            account.name: max(
                (len(comparable(scope)) for scope in account.scopes if contains(scope, resource_id)), default=0
            )
            for account in self.accounts
        }
        longest = max(lengths.values(), default=0)
        return [account for account in self.accounts if longest and lengths[account.name] == longest]
