"""Which rings ask for two people, the reasons that work waits for them, and the digests that approvals are bound to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from shared.core.codes import Code
from shared.models.access.limits import Limits
from shared.models.access.profiles import JoinProfile
from shared.models.access.roles import TwoPeople
from shared.models.base import Value
from shared.models.messages import Message, message
from shared.models.pools import Pool, Ring
from shared.records.access import known_grants
from shared.records.profiles import join_profile_of
from shared.services import Services

WAITS = message(
    Code.WAITS_FOR_SECOND_PERSON,
    "It waits for a second person: neither who asked for it nor who last changed its pool or limits may approve it.",
)
WAITS_AGAIN = message(
    Code.WAITS_AFTER_CHANGE, "It was changed after a second person approved it, so it waits for another approval."
)
_NOT_OURS = frozenset({"etag", "schema_version", "removed", "changed_by", "changed_by_id", "changed_at"})


def asks_for_two(services: Services, account: str, ring: Ring) -> bool:
    """Whether rollouts of this account's ring need a second person.

    By itself: in production, when more than one person has a grant for the account; not in a local run, where everybody
    may be anybody.
    """
    rule = _rule(services.limits.find(account, ring))
    if rule is not TwoPeople.AUTO:
        return rule is TwoPeople.ALWAYS
    if ring is not Ring.PRODUCTION or services.settings.dev_identity:
        return False
    grants = known_grants(services).values()
    return sum(not grant.program and grant.reach.covers((account,)) for grant in grants) > 1


def approval_awaited(services: Services, pools: Iterable[Pool]) -> Message | None:
    """That a request on these pools would wait for a second person, and which rings ask for one. None: it would not."""
    asked = dict.fromkeys((pool.account, pool.ring) for pool in pools)
    asking = [(account, ring) for account, ring in asked if asks_for_two(services, account, ring)]
    if not asking:
        return None
    names = " and ".join(ring for ring in Ring if ring in {ring for _, ring in asking})
    several = len({ring for _, ring in asking}) > 1
    rules = {_rule(services.limits.find(*one)) for one in asking}
    because = "its limits say so" if TwoPeople.ALWAYS in rules else "more than one person has a grant"
    text = f"{'Rings' if several else 'Ring'} {names} {'ask' if several else 'asks'} for two people, because {because}."
    return message(Code.WAITS_FOR_SECOND_PERSON, f"It would wait for approval. {text}")


def _rule(limits: Limits | None) -> TwoPeople:
    return limits.two_people if limits else TwoPeople.AUTO


def digest_of_pool(services: Services, pool: Pool) -> str:
    """The digest of how the pool's hosts join, with their join profile, and of the limits of its ring."""
    limits, profile = services.limits.find(pool.account, pool.ring), join_profile_of(services, pool)
    cleanup = pool.directory_cleanup or ""
    return digest(pool.host_pool_id, pool.account, pool.ring, pool.join, cleanup, *_settings(profile, limits))


def _settings(*rows: JoinProfile | Limits | None) -> list[str]:
    return [
        row.model_dump_json(exclude=set(_NOT_OURS), exclude_defaults=True)
        for row in rows
        if row and not _is_removed(row)
    ]


def _is_removed(row: JoinProfile | Limits) -> bool:
    return isinstance(row, Limits) and row.removed


def digest(*parts: Value | str) -> str:
    """The SHA-256 of these values and texts.

    Fields with their default are left out, so that an update of the app that brings a field takes back no approval.
    """
    texts = [part.model_dump_json(exclude_defaults=True) if isinstance(part, Value) else part for part in parts]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
