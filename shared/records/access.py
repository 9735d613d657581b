"""Reads and finds grants and app keys. What every request needs of them is kept for a moment."""

from __future__ import annotations

from shared.core.errors import NotFound
from shared.models.access.caps import Caps
from shared.models.access.grants import AppKey, Grant
from shared.models.access.roles import ALL_ACCOUNTS, Caller, Need, Reach
from shared.services import APP_KEYS, CAPS, GRANTS, Services

KNOWN_FOR = 15.0
"""Seconds for which grants and keys count as they were read; at most twice as long while they are read again."""


def known_keys(services: Services) -> list[AppKey]:
    """All app keys, revoked ones too."""
    return services.read_cache.get("app keys", KNOWN_FOR, lambda: services.app_keys.all(APP_KEYS), behind=True)


def known_grants(services: Services) -> dict[str, Grant]:
    """All grants by principal."""

    def read() -> dict[str, Grant]:
        return {grant.principal: grant for grant in services.grants.all(GRANTS)}

    return services.read_cache.get("grants", KNOWN_FOR, read, behind=True)


def known_caps(services: Services) -> dict[str, Caps]:
    """All caps by account."""

    def read() -> dict[str, Caps]:
        return {row.account: row for row in services.caps.all(CAPS)}

    return services.read_cache.get("caps", KNOWN_FOR, read, behind=True)


def reach_of(services: Services, caller: Caller) -> Reach:
    """The accounts of a caller. While nobody has a grant, an admin has every account, so that the first can be made."""
    if caller.reach is not None:
        return caller.reach
    grants = known_grants(services)
    if not grants and Need.CONFIGURE in caller.may:
        return ALL_ACCOUNTS
    grant = grants.get(caller.id)
    return grant.reach if grant else Reach()


def find_key(services: Services, name: str) -> AppKey:
    """An app key, read anew. Raises NotFound."""
    found = services.app_keys.find(APP_KEYS, name)
    if found is None:
        raise NotFound("key", name)
    return found


def find_grant(services: Services, principal: str) -> Grant:
    """A grant, read anew. Raises NotFound."""
    found = services.grants.find(GRANTS, principal)
    if found is None:
        raise NotFound("principal", principal)
    return found
