"""Accounts as people see them."""

from __future__ import annotations

from collections import Counter

from shared.api.accounts import AccountRegistration, AccountView
from shared.api.common import Listed
from shared.api.conditions import entity_tag
from shared.models.access.roles import Reach
from shared.models.accounts import Account
from shared.ports.paging import page_of
from shared.records.accounts import all_accounts, find_account
from shared.services import POOLS, Services


def list_accounts(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[AccountView]:
    """A page of the accounts in reach, by name."""
    seen = [account for account in all_accounts(services) if reach.sees((account.name,))]
    page = page_of(seen, lambda account: account.name, limit=limit, continuation=continuation)
    pools = pools_per_account(services)
    return Listed[AccountView](items=[view_account(one, pools) for one in page.rows], continuation=page.continuation)


def read_account(services: Services, name: str) -> AccountView:
    """One account. Raises NotFound."""
    return view_account(find_account(services, name), pools_per_account(services))


def pools_per_account(services: Services) -> Counter[str]:
    return Counter(pool.account for pool in services.pools.all(POOLS))


def view_account(account: Account, pools: Counter[str]) -> AccountView:
    fields = account.model_dump(include=set(AccountView.model_fields))
    return AccountView(**fields, pools=pools[account.name], etag=entity_tag(AccountRegistration.of(account)))
