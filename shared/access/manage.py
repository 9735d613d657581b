"""Grants and app keys: listing, making, changing and ending them. It all counts within half a minute."""

from __future__ import annotations

from datetime import timedelta

from shared.access.app_keys import digest_of, new_key
from shared.access.registrations import check_accounts_reach, check_still_reached
from shared.api.access import GrantRequest, GrantView, KeyRequest, KeyView, NewKeyView
from shared.api.common import Listed
from shared.audit.record import audit
from shared.core.errors import AlreadyExists, Conflict, FieldProblem, InvalidRequest
from shared.models.access.grants import AppKey, Grant
from shared.models.access.roles import EVERY_ACCOUNT, Reach, Role
from shared.ports.paging import page_of
from shared.records.access import find_grant, find_key
from shared.records.accounts import unknown_accounts
from shared.records.change import add_or_change, change
from shared.services import APP_KEYS, GRANTS, Services

_LAST_GRANT = "This is the last grant. It can be taken by somebody with a grant for all accounts only."


def list_grants(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[GrantView]:
    """A page of the grants whose accounts are all in reach, by principal."""
    seen = [grant for grant in services.grants.all(GRANTS) if reach.covers(grant.accounts)]
    page = page_of(seen, lambda grant: grant.principal, limit=limit, continuation=continuation)
    return Listed[GrantView](items=[_view_grant(row) for row in page.rows], continuation=page.continuation)


def read_grant(services: Services, principal: str) -> GrantView:
    """One grant. Raises NotFound."""
    return _view_grant(find_grant(services, principal))


def give_grant(
    services: Services, reach: Reach, principal: str, asked: GrantRequest, who: str
) -> tuple[GrantView, bool]:
    """Set the accounts of a principal; the flag says whether it had none. Raises InvalidRequest, Conflict."""
    _check_accounts(services, reach, asked.accounts)
    accounts = tuple(sorted(set(asked.accounts)))
    wanted = Grant(
        principal=principal,
        name=asked.name,
        accounts=accounts,
        program=asked.program,
        changed_by=who,
        changed_at=services.now(),
    )
    old = services.grants.find(GRANTS, principal)

    def written_over(there: Grant) -> Grant:
        check_still_reached(reach, "grant", there.accounts)
        return wanted.written_over(there)

    kept = add_or_change(services.grants, (GRANTS, principal), wanted, written_over, describe="grant")
    before = ", ".join(old.accounts) if old else ""
    audit(services, who, "grant accounts", principal, asked.name, before=before, after=", ".join(accounts))
    return _view_grant(kept), old is None


def take_grant(services: Services, reach: Reach, principal: str, who: str) -> None:
    """Take all accounts from a principal. Raises NotFound, StaleRow, Conflict for the last grant.

    Without any grant every admin has every account: only who has them all anyway may bring that about.
    """
    grant = find_grant(services, principal)
    check_still_reached(reach, "grant", grant.accounts)
    if not reach.everything and len(services.grants.all(GRANTS)) < 2:
        raise Conflict(_LAST_GRANT)
    services.grants.remove(grant)
    if not reach.everything and not services.grants.all(GRANTS):  # somebody took the other one at the same time
        services.grants.add(grant.replace(etag=None))
        raise Conflict(_LAST_GRANT)
    audit(services, who, "take grant", principal, grant.name, before=", ".join(grant.accounts))


def list_keys(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[KeyView]:
    """A page of the app keys whose accounts are all in reach, by name; those that have ended too."""
    seen = [key for key in services.app_keys.all(APP_KEYS) if reach.covers(key.accounts)]
    page = page_of(seen, lambda key: key.name, limit=limit, continuation=continuation)
    return Listed[KeyView](items=[_view_key(row) for row in page.rows], continuation=page.continuation)


def make_key(services: Services, reach: Reach, name: str, asked: KeyRequest, who: str) -> NewKeyView:
    """Make an app key, whose text is returned this once. Raises InvalidRequest, Conflict for a name that is taken."""
    _check_accounts(services, reach, asked.accounts)
    text, now = new_key(), services.now()
    key = AppKey(
        name=name,
        digest=digest_of(text),
        role=Role(asked.role),
        accounts=tuple(sorted(set(asked.accounts))),
        expires_at=now + timedelta(days=asked.days),
        created_by=who,
        created_at=now,
    )
    try:
        kept = services.app_keys.add(key)
    except AlreadyExists as error:
        raise Conflict(f"There is or was an app key called {name}. Choose another name.") from error
    audit(services, who, "make app key", name, f"{kept.role} of {', '.join(kept.accounts)}")
    return NewKeyView(**_view_key(kept).model_dump(), key=text)


def revoke_key(services: Services, name: str, who: str) -> KeyView:
    """End an app key. Repeating it changes nothing. Raises NotFound."""
    find_key(services, name)
    ended = services.now()
    before, after = change(
        services.app_keys,
        (APP_KEYS, name),
        lambda row: None if row.revoked_at else row.replace(revoked_at=ended),
        describe="app key",
    )
    if before is not after:
        audit(services, who, "revoke app key", name)
    return _view_key(after)


def _check_accounts(services: Services, reach: Reach, accounts: tuple[str, ...]) -> None:
    if EVERY_ACCOUNT in accounts and len(set(accounts)) > 1:
        raise InvalidRequest([FieldProblem("accounts", "give `*` alone, or names")])
    check_accounts_reach(reach, accounts)
    named = tuple(name for name in accounts if name != EVERY_ACCOUNT)
    if unknown := unknown_accounts(services, named):
        text = f"there is no account called {', '.join(unknown)}; register it first"
        raise InvalidRequest.one("accounts", text)


def _view_grant(grant: Grant) -> GrantView:
    return GrantView.model_validate(grant.model_dump(include=set(GrantView.model_fields)))


def _view_key(key: AppKey) -> KeyView:
    return KeyView.model_validate(key.model_dump(include=set(KeyView.model_fields)))
