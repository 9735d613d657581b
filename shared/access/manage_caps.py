"""Reading, setting, removing and lifting the caps of an account."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.access.caps import is_overridden, used_hosts, used_pools, used_sign_outs
from shared.api.access import CapOverrideRequest, CapOverrideView, CapsRequest, CapsView, CapUseView
from shared.api.common import Listed
from shared.audit.record import audit
from shared.core.asking import asker
from shared.core.errors import NotFound
from shared.models.access.caps import CapOverride, Caps, CapUse
from shared.models.access.roles import Reach
from shared.ports.paging import page_of
from shared.records.accounts import find_account
from shared.records.change import add_or_change, change
from shared.services import CAPS, Services


def list_caps(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[CapsView]:
    """A page of the caps of accounts in reach, by account."""
    seen = [row for row in services.caps.all(CAPS) if reach.sees((row.account,))]
    page = page_of(seen, lambda row: row.account, limit=limit, continuation=continuation)
    return Listed[CapsView](items=[_view(row, services.now()) for row in page.rows], continuation=page.continuation)


def read_caps(services: Services, account: str) -> CapsView:
    """The caps of an account. Raises NotFound when it has none."""
    return _view(_find(services, account), services.now())


def set_caps(services: Services, account: str, asked: CapsRequest, who: str) -> tuple[CapsView, bool]:
    """Set the caps of an account; the flag says whether it had none. What has begun in this hour stays counted.

    Raises NotFound for an unknown account, Conflict.
    """
    find_account(services, account)
    now = services.now()
    who_and_when = {"changed_by": who, "changed_by_id": asker().id, "changed_at": now}
    new = Caps(account=account, **dict(asked), **who_and_when)
    old = services.caps.find(CAPS, account)

    def decide(row: Caps) -> Caps:
        return row.replace(**dict(asked), **who_and_when)

    kept = add_or_change(services.caps, (CAPS, account), new, decide, describe="caps")
    before = _settings(old).model_dump_json(exclude_defaults=True) if old else ""
    audit(services, who, "set caps", account, before=before, after=asked.model_dump_json(exclude_defaults=True))
    return _view(kept, now), old is None


def remove_caps(services: Services, account: str, who: str) -> None:
    """Remove the caps of an account. Raises NotFound, StaleRow."""
    row = _find(services, account)
    services.caps.remove(row)
    audit(services, who, "remove caps", account, before=_settings(row).model_dump_json(exclude_defaults=True))


def override_caps(services: Services, account: str, asked: CapOverrideRequest, who: str) -> CapsView:
    """Lift the caps for some hours, or end that. Raises NotFound when the account has none, Conflict."""
    now = services.now()
    until = now + timedelta(hours=asked.hours) if asked.hours else None
    override = CapOverride(until=until, reason=asked.reason, by=who)
    before, row = change(
        services.caps, (CAPS, account), lambda row: row.replace(override=override), describe="account with caps"
    )
    lifted = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "the caps hold"
    was = f"until {before.override.until:%Y-%m-%d %H:%M} UTC" if before.override.until else "the caps hold"
    audit(services, who, "override caps", account, asked.reason, before=was, after=lifted)
    return _view(row, now)


def _find(services: Services, account: str) -> Caps:
    found = services.caps.find(CAPS, account)
    if found is None:
        raise NotFound("account with caps", account)
    return found


def _settings(row: Caps) -> CapsRequest:
    return CapsRequest.model_validate({name: getattr(row, name) for name in CapsRequest.model_fields})


def _view(row: Caps, now: datetime) -> CapsView:
    until, override = row.override.until, None
    if until is not None and is_overridden(row, now):
        override = CapOverrideView(until=until, reason=row.override.reason, by=row.override.by)
    return CapsView(
        **dict(_settings(row)),
        account=row.account,
        used=_use(row.used, now),
        used_by_roll_backs=_use(row.used_back, now),
        override=override,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


def _use(use: CapUse, now: datetime) -> CapUseView:
    return CapUseView(hosts=used_hosts(use, now), sign_outs=used_sign_outs(use, now), pools=used_pools(use, now))
