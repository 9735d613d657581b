"""Accounts: customers, whose pools they are. One called `default` is there from the beginning."""

from __future__ import annotations

from collections import Counter

from shared.api.accounts import AccountRegistration, AccountView
from shared.api.common import Listed
from shared.audit.record import audit
from shared.core.errors import InvalidRequest, NotFound
from shared.core.time_zones import UnknownZone, zone_named
from shared.models.accounts import DEFAULT_ACCOUNT, Account
from shared.ports.paging import page_of
from shared.services import ACCOUNTS, POOLS, Services


def known_account(services: Services, name: str) -> Account | None:
    """An account, or None when there is none of that name."""
    found = services.accounts.find(ACCOUNTS, name)
    return Account(name=name) if found is None and name == DEFAULT_ACCOUNT else found


def find_account(services: Services, name: str) -> Account:
    """An account. Raises NotFound."""
    account = known_account(services, name)
    if account is None:
        raise NotFound("account", name)
    return account


def unknown_accounts(services: Services, names: tuple[str, ...]) -> list[str]:
    """Those of the names that no account has."""
    known = {account.name for account in _all_accounts(services)} if names else set()
    return [name for name in names if name not in known]


def register_account(services: Services, name: str, asked: AccountRegistration, who: str) -> tuple[AccountView, bool]:
    """Register or change an account; the answer says whether it is new. Pools keep the zone they have.

    Raises InvalidRequest for an unknown zone.
    """
    try:
        zone = zone_named(asked.time_zone).key
    except UnknownZone as error:
        raise InvalidRequest.one("time_zone", str(error)) from error
    old = known_account(services, name)
    first = Account(name=name) if old is None else old
    wanted = first.model_copy(update={"title": asked.title, "time_zone": zone})
    if wanted != old:
        if first.etag is None:
            wanted = services.accounts.add(wanted.model_copy(update={"created_at": services.now()}))
        else:
            wanted = services.accounts.replace(wanted)
        audit(services, who, "register account" if old is None else "change account", name, f"{zone} {asked.title}")
    return _view(wanted, _pools_per_account(services)), old is None


def list_accounts(services: Services, *, limit: int, continuation: str | None) -> Listed[AccountView]:
    """A page of accounts by name."""
    page = page_of(_all_accounts(services), lambda account: account.name, limit=limit, continuation=continuation)
    pools = _pools_per_account(services)
    return Listed[AccountView](items=[_view(one, pools) for one in page.rows], continuation=page.continuation)


def read_account(services: Services, name: str) -> AccountView:
    """One account. Raises NotFound."""
    return _view(find_account(services, name), _pools_per_account(services))


def _all_accounts(services: Services) -> list[Account]:
    kept = services.accounts.all(ACCOUNTS)
    if any(account.name == DEFAULT_ACCOUNT for account in kept):
        return kept
    return [*kept, Account(name=DEFAULT_ACCOUNT)]


def _pools_per_account(services: Services) -> Counter[str]:
    return Counter(pool.account for pool in services.pools.all(POOLS))


def _view(account: Account, pools: Counter[str]) -> AccountView:
    fields = account.model_dump(include=set(AccountView.model_fields))
    return AccountView(**fields, pools=pools[account.name])
