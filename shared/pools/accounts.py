"""Registers accounts. An account is a customer that owns pools; the account `default` always exists."""

from __future__ import annotations

from shared.access.registrations import check_scopes_reach
from shared.api.accounts import AccountRegistration, AccountView
from shared.api.edits import Edit, changed_fields
from shared.audit.record import audit
from shared.core.arm_ids import comparable, scope_problem
from shared.core.asking import About
from shared.core.errors import InvalidRequest
from shared.core.time_zones import UnknownZone, zone_named
from shared.models.access.roles import Reach
from shared.models.accounts import Account
from shared.records.accounts import known_account
from shared.records.change import register
from shared.services import Services
from shared.views.accounts import read_numbers, view_account


def register_account(
    services: Services, name: str, edit: Edit[AccountRegistration], who: str, reach: Reach
) -> tuple[AccountView, bool]:
    """Register or change an account; the flag says whether it is new. Existing pools keep their time zone.

    Raises InvalidRequest for an unknown time zone or a wrong scope, NotAllowed when scopes or identity change and the
    caller has not all accounts, NotFound, PreconditionFailed, WouldReset.
    """

    def decide(old: Account | None) -> Account:
        stored = None if old is None else AccountRegistration.of(old)
        request = edit.applied_to(stored, "account", name)
        base = old or Account(name=name)
        check_scopes_reach(reach, base, request.scopes, request.identity_client_id)
        wanted = base.replace(
            title=request.title,
            time_zone=_zone(request),
            scopes=_scopes(request),
            identity_client_id=request.identity_client_id.lower(),
        )
        edit.check_resets(stored, AccountRegistration.of(wanted))
        return wanted

    def write(_: Account | None, wanted: Account) -> Account:
        if wanted.etag is None:
            return services.accounts.add(wanted.replace(created_at=services.now()))
        return services.accounts.replace(wanted)

    old, account = register(lambda: known_account(services, name), decide, write, describe="account")
    if account is not old:
        action = "register account" if old is None else "change account"
        audit(services, who, action, name, _told(old, account), about=About((name,)))
    return view_account(account, read_numbers(services)), old is None


def _zone(request: AccountRegistration) -> str:
    try:
        return zone_named(request.time_zone).key
    except UnknownZone as error:
        raise InvalidRequest.one("time_zone", str(error)) from error


def _scopes(request: AccountRegistration) -> tuple[str, ...]:
    if problem := next(filter(None, map(scope_problem, request.scopes)), ""):
        raise InvalidRequest.one("scopes", problem)
    if request.identity_client_id and not request.scopes:
        raise InvalidRequest.one("scopes", "name the scopes in which this identity works")
    return tuple({comparable(scope): scope for scope in request.scopes}.values())


def _told(old: Account | None, account: Account) -> str:
    """The text of the audit entry."""
    named = f"{account.time_zone} {account.title}"
    if old is None:
        return named
    return f"{', '.join(changed_fields(AccountRegistration.of(old), AccountRegistration.of(account)))}: {named}"
