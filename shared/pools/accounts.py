"""Accounts: customers, whose pools they are. One called `default` is there from the beginning."""

from __future__ import annotations

from shared.api.accounts import AccountRegistration, AccountView
from shared.audit.record import audit
from shared.core.errors import InvalidRequest
from shared.core.time_zones import UnknownZone, zone_named
from shared.models.accounts import Account
from shared.records.accounts import known_account
from shared.services import Services
from shared.views.accounts import pools_per_account, view_account


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
    return view_account(wanted, pools_per_account(services)), old is None
