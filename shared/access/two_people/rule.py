"""Which rings ask for two people, the reasons that work waits for them, and the digests that approvals are bound to."""

from __future__ import annotations

import hashlib
import json

from shared.core.codes import Code
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.base import Value
from shared.models.messages import message
from shared.models.pools import Pool, Ring
from shared.records.access import known_grants
from shared.services import Services

WAITS = message(
    Code.WAITS_FOR_SECOND_PERSON,
    "It waits for a second person: neither who asked for it nor who last changed its pool or limits may approve it.",
)
WAITS_AGAIN = message(
    Code.WAITS_AFTER_CHANGE, "It was changed after a second person approved it, so it waits for another approval."
)
_NOT_OURS = frozenset({"etag", "schema_version", "changed_by", "changed_by_id", "changed_at"})


def asks_for_two(services: Services, account: str, ring: Ring) -> bool:
    """Whether rollouts of this account's ring need a second person.

    By itself: in production, when more than one person has a grant for the account; not in a local run, where everybody
    may be anybody.
    """
    limits = services.limits.find(account, ring)
    rule = limits.two_people if limits else TwoPeople.AUTO
    if rule is not TwoPeople.AUTO:
        return rule is TwoPeople.ALWAYS
    if ring is not Ring.PRODUCTION or services.settings.dev_identity:
        return False
    grants = known_grants(services).values()
    return sum(not grant.program and grant.reach.covers((account,)) for grant in grants) > 1


def digest_of_pool(services: Services, pool: Pool) -> str:
    """The digest of how the pool's hosts join, and of the limits of its ring."""
    limits = services.limits.find(pool.account, pool.ring)
    cleanup = pool.directory_cleanup or ""
    return digest(pool.host_pool_id, pool.account, pool.ring, pool.join, cleanup, *_settings(limits))


def _settings(limits: Limits | None) -> list[str]:
    return [limits.model_dump_json(exclude=set(_NOT_OURS))] if limits else []


def digest(*parts: Value | str) -> str:
    """The SHA-256 of these values and texts."""
    texts = [part.model_dump_json() if isinstance(part, Value) else part for part in parts]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
