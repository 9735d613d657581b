"""Registers accounts. An account is a customer that owns pools; the account `default` always exists."""

from __future__ import annotations

from shared.api.accounts import AccountRegistration, AccountView
from shared.audit.record import audit
from shared.core.errors import InvalidRequest
from shared.core.time_zones import UnknownZone, zone_named
from shared.models.accounts import Account
from shared.records.accounts import known_account
from shared.services import Services
from shared.views.accounts import pools_per_account, view_account


def register_account(services: Services, name: str, request: AccountRegistration, who: str) -> tuple[AccountView, bool]:
    """Register or change an account; the flag says whether it is new. Existing pools keep their time zone.

    Raises InvalidRequest for an unknown time zone.
    """
    try:
        zone = zone_named(request.time_zone).key
    except UnknownZone as error:
        raise InvalidRequest.one("time_zone", str(error)) from error
    old = known_account(services, name)
    base = Account(name=name) if old is None else old
    account = base.model_copy(update={"title": request.title, "time_zone": zone})
    if account != old:
        if base.etag is None:
            account = services.accounts.add(account.model_copy(update={"created_at": services.now()}))
        else:
            account = services.accounts.replace(account)
        audit(services, who, "register account" if old is None else "change account", name, f"{zone} {request.title}")
    return view_account(account, pools_per_account(services)), old is None
