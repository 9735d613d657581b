"""Whose resources in Azure are, kept for a moment: every call to Azure asks for the identity that makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from shared.caches.read_through import ReadThroughCache
from shared.models.accounts import Account, ScopeMap

KNOWN_FOR = 15.0
"""Seconds for which scopes and identities count as they were read."""


def known_scopes(cache: ReadThroughCache, accounts: Callable[[], Iterable[Account]]) -> ScopeMap:
    """The scopes of all accounts; `accounts` reads them."""
    return cache.get("scopes", KNOWN_FOR, lambda: ScopeMap.of(accounts()))
