"""Finds accounts. The account `default` always exists."""

from __future__ import annotations

from shared.caches import scopes
from shared.core.errors import NotFound
from shared.models.accounts import DEFAULT_ACCOUNT, Account, ScopeMap
from shared.services import ACCOUNTS, Services


def known_account(services: Services, name: str) -> Account | None:
    """The account with this name, or None."""
    found = services.accounts.find(ACCOUNTS, name)
    return Account(name=name) if found is None and name == DEFAULT_ACCOUNT else found


def find_account(services: Services, name: str) -> Account:
    """An account. Raises NotFound."""
    account = known_account(services, name)
    if account is None:
        raise NotFound("account", name)
    return account


def unknown_accounts(services: Services, names: tuple[str, ...]) -> list[str]:
    """The names that belong to no account."""
    known = {account.name for account in all_accounts(services)} if names else set()
    return [name for name in names if name not in known]


def all_accounts(services: Services) -> list[Account]:
    kept = services.accounts.all(ACCOUNTS)
    if any(account.name == DEFAULT_ACCOUNT for account in kept):
        return kept
    return [*kept, Account(name=DEFAULT_ACCOUNT)]


def read_scopes(services: Services) -> ScopeMap:
    """Whose resources in Azure are, read now."""
    return ScopeMap.of(services.accounts.all(ACCOUNTS))


def known_scopes(services: Services) -> ScopeMap:
    """Whose resources are, as of a moment ago: for what is asked for each host."""
    return scopes.known_scopes(services.read_cache, lambda: services.accounts.all(ACCOUNTS))
