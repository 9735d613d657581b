"""Whether who asked for work still has access to its accounts, which is asked again when the work falls due; and the
approval, which says whether it stands in for them."""

from __future__ import annotations

from collections.abc import Iterable

from shared.access.app_keys import ID_OF_KEY
from shared.access.development import ID_OF_DEVELOPMENT
from shared.core.asking import asker
from shared.core.codes import Code
from shared.models.messages import message
from shared.models.rollout_parts import SecondPerson
from shared.records.access import known_grants
from shared.services import APP_KEYS, GRANTS, Services

LOST_ACCESS = message(
    Code.REQUESTER_LOST_ACCESS,
    "Who asked for it has no access to its account any more, so it waits for an approver.",
)


def is_still_allowed(services: Services, requester: str, accounts: Iterable[str]) -> bool:
    """Whether the requester's grant or key covers these accounts now. Both are read anew.

    Rows from before there were ids name nobody; a local run is everybody. While nobody has a grant, admins have every
    account, so their work goes on.
    """
    if not requester or requester.startswith(ID_OF_DEVELOPMENT):
        return True
    if requester.startswith(ID_OF_KEY):
        key = services.app_keys.find(APP_KEYS, requester.removeprefix(ID_OF_KEY))
        valid = key is not None and key.revoked_at is None and key.expires_at > services.now()
        return key is not None and valid and key.reach.covers(accounts)
    grant = services.grants.find(GRANTS, requester)
    return grant.reach.covers(accounts) if grant else not known_grants(services)


def approved_by(
    services: Services,
    second: SecondPerson,
    who: str,
    requester: str,
    accounts: Iterable[str],
    *,
    digest: str,
    pool_digest: str = "",
) -> SecondPerson:
    """The approval of the caller, bound to these digests. What it is for waits no more."""
    return second.replace(
        asked=True,
        awaiting_since=None,
        reason=None,
        at=services.now(),
        by=who,
        by_id=asker().id,
        for_requester=not is_still_allowed(services, requester, accounts),
        digest=digest,
        pool_digest=pool_digest,
    )
