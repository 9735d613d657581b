"""Accounts as people see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared.api.accounts import AccountRegistration, AccountView
from shared.api.common import Listed
from shared.api.conditions import entity_tag
from shared.core.states import RolloutState
from shared.models.access.roles import Reach
from shared.models.accounts import Account
from shared.models.images import Image
from shared.models.rollouts import RolloutKind
from shared.ports.paging import page_of
from shared.records.accounts import all_accounts, find_account
from shared.records.images import available
from shared.services import IMAGES, POOLS, ROLLOUTS, Services

NUMBERS_FOR = 5.0
"""Seconds for which pools, images and open rollouts are counted as they were read: every open page of accounts asks."""


@dataclass(frozen=True)
class AccountNumbers:
    """What is counted of accounts: pools and open rollouts by account, and the images."""

    pools: Counter[str]
    rollouts: Counter[str]
    images: Sequence[Image]


def list_accounts(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[AccountView]:
    """A page of the accounts in reach, by name."""
    seen = [account for account in all_accounts(services) if reach.sees((account.name,))]
    page = page_of(seen, lambda account: account.name, limit=limit, continuation=continuation)
    numbers = account_numbers(services)
    return Listed[AccountView](items=[view_account(one, numbers) for one in page.rows], continuation=page.continuation)


def read_account(services: Services, name: str) -> AccountView:
    """One account. Raises NotFound."""
    return view_account(find_account(services, name), read_numbers(services))


def account_numbers(services: Services) -> AccountNumbers:
    """The numbers of all accounts, for lists."""
    return services.read_cache.get("numbers of accounts", NUMBERS_FOR, lambda: read_numbers(services))


def read_numbers(services: Services) -> AccountNumbers:
    """The numbers of all accounts, read now."""
    return AccountNumbers(
        pools=Counter(pool.account for pool in services.pools.all(POOLS)),
        rollouts=_open_rollouts(services),
        images=services.images.all(IMAGES),
    )


def _open_rollouts(services: Services) -> Counter[str]:
    return Counter(
        row.account
        for state in RolloutState
        if not state.ended
        for row in services.rollouts.each(ROLLOUTS, state=state)
        if row.kind is not RolloutKind.REFRESH
    )


def view_account(account: Account, numbers: AccountNumbers) -> AccountView:
    """An account with its numbers."""
    fields = account.model_dump(include=set(AccountView.model_fields))
    return AccountView(
        **fields,
        pools=numbers.pools[account.name],
        images=sum(available(image, account.name) for image in numbers.images),
        open_rollouts=numbers.rollouts[account.name],
        etag=entity_tag(AccountRegistration.of(account)),
    )
