"""Whether who asked for work still has access to its accounts, which is asked again when the work falls due."""

from __future__ import annotations

from collections.abc import Iterable

from shared.access.app_keys import ID_OF_KEY
from shared.access.development import ID_OF_DEVELOPMENT
from shared.core.codes import Code
from shared.models.messages import message
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
