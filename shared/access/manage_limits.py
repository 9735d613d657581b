"""Reading, setting and removing the limits of an account's rings."""

from __future__ import annotations

from shared.api.access import LimitsRequest, LimitsView
from shared.api.common import Listed
from shared.audit.record import audit
from shared.core.asking import asker
from shared.core.errors import NotFound
from shared.models.access.limits import Limits
from shared.models.access.roles import Reach
from shared.models.pools import Ring
from shared.ports.paging import page_of
from shared.records.accounts import find_account
from shared.records.change import add_or_change
from shared.services import Services


def list_limits(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[LimitsView]:
    """A page of the limits of accounts in reach, by account and ring."""
    seen = [row for row in services.limits.every() if not row.removed and reach.sees((row.account,))]
    page = page_of(seen, lambda row: f"{row.account} {row.ring}", limit=limit, continuation=continuation)
    return Listed[LimitsView](items=[_view(row) for row in page.rows], continuation=page.continuation)


def read_limits(services: Services, account: str, ring: Ring) -> LimitsView:
    """The limits of a ring. Raises NotFound when there are none."""
    return _view(_find(services, account, ring))


def set_limits(services: Services, account: str, ring: Ring, asked: LimitsRequest, who: str) -> tuple[LimitsView, bool]:
    """Set the limits of a ring; the flag says whether it had none. They bind what is requested and begun from now on.

    Raises NotFound for an unknown account.
    """
    find_account(services, account)
    wanted = Limits(
        account=account,
        ring=ring,
        changed_by=who,
        changed_by_id=asker().id,
        changed_at=services.now(),
        **dict(asked),
    )
    old = _stored(services, account, ring)
    kept = add_or_change(services.limits, (account, ring), wanted, wanted.written_over, describe="limits")
    before = LimitsRequest.model_validate(_settings(old)).model_dump_json(exclude_defaults=True) if old else ""
    after = asked.model_dump_json(exclude_defaults=True)
    audit(services, who, "set limits", f"{account}, ring {ring}", before=before, after=after)
    return _view(kept), old is None


def remove_limits(services: Services, account: str, ring: Ring, who: str) -> None:
    """Remove the limits of a ring; the row keeps who did that. Raises NotFound, StaleRow."""
    row = _find(services, account, ring)
    gone = Limits(
        account=account,
        ring=ring,
        removed=True,
        changed_by=who,
        changed_by_id=asker().id,
        changed_at=services.now(),
    )
    services.limits.replace(gone.written_over(row))
    before = LimitsRequest.model_validate(_settings(row)).model_dump_json(exclude_defaults=True)
    audit(services, who, "remove limits", f"{account}, ring {ring}", before=before)


def _find(services: Services, account: str, ring: Ring) -> Limits:
    found = _stored(services, account, ring)
    if found is None:
        raise NotFound("ring with limits", ring)
    return found


def _stored(services: Services, account: str, ring: Ring) -> Limits | None:
    """The limits of a ring; None when there are none, or they were removed."""
    found = services.limits.find(account, ring)
    return None if found is None or found.removed else found


def _settings(row: Limits) -> dict[str, object]:
    return {name: getattr(row, name) for name in LimitsRequest.model_fields}


def _view(row: Limits) -> LimitsView:
    return LimitsView.model_validate({name: getattr(row, name) for name in LimitsView.model_fields})
