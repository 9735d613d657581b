"""Two people: what waits until somebody approves it who neither asked for it nor shaped what it does.

An approval is bound to what was approved, by two digests: of the rollout's version, policy, schedule and hosts, and of
how its pool's hosts join and the limits of its ring. Rolling back to the version before never waits.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from shared.access.errors import NotAllowed
from shared.access.two_people.requesters import LOST_ACCESS, is_still_allowed
from shared.core.asking import asker
from shared.core.codes import Code
from shared.core.states import RolloutState, transition_rollout
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.base import Value
from shared.models.messages import Message, message
from shared.models.pools import Pool, Ring
from shared.models.rollout_parts import SecondPerson
from shared.models.rollouts import Rollout, RolloutKind
from shared.records.access import known_grants
from shared.services import Services

WAITS = message(
    Code.WAITS_FOR_SECOND_PERSON,
    "It waits for a second person: neither who asked for it nor who last changed its pool or limits may approve it.",
)
_WAITS_AGAIN = message(
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


def as_begun(services: Services, rollout: Rollout, pool: Pool) -> Rollout:
    """A new rollout as it is written: scheduled, or waiting for a second person.

    If it comes with the approval of its task, that is its own.
    """
    if rollout.second.at:
        digests = {"digest": digest_of(rollout), "pool_digest": digest_of_pool(services, pool)}
        rollout = rollout.replace(second=rollout.second.replace(**digests))
    reason = why_waits(services, rollout, pool)
    if reason is None:
        return rollout
    second = rollout.second.replace(asked=True, awaiting_since=services.now(), reason=reason)
    return rollout.replace(state=RolloutState.AWAITING_APPROVAL, note=reason, second=second)


def why_waits(services: Services, rollout: Rollout, pool: Pool) -> Message | None:
    """Why the rollout may not begin; None when it may, or has begun."""
    if rollout.started_at or not _may_need_two(rollout):
        return None
    second = rollout.second
    if second.at and (second.digest, second.pool_digest) == (digest_of(rollout), digest_of_pool(services, pool)):
        return None
    if second.asked or asks_for_two(services, pool.account, pool.ring):
        return _WAITS_AGAIN if second.at else WAITS
    return None


def why_not_due(services: Services, rollout: Rollout, pool: Pool) -> Message | None:
    """Why the rollout may not begin although it is due: its requester has no access any more, and nobody stands in."""
    if rollout.started_at or rollout.second.for_requester or not _may_need_two(rollout):
        return None
    return None if is_still_allowed(services, rollout.requester, (pool.account,)) else LOST_ACCESS


def check_second_person(services: Services, rollout: Rollout, pool: Pool) -> None:
    """Raises NotAllowed when the caller may not be this rollout's second person."""
    me, limits = asker().id, services.limits.find(pool.account, pool.ring)
    reasons = {
        "You asked for this rollout yourself": (rollout.requester,),
        "You have changed this rollout since it was requested": rollout.second.changed_by_ids,
        "You changed its pool last": (pool.changed_by_id,),
        "You changed its probe last": (rollout.probe.changed_by_id,),
        "You changed the limits of its ring last": (limits.changed_by_id if limits else "",),
    }
    for reason, ids in reasons.items():
        if me in ids:
            raise NotAllowed(f"{reason}. Somebody else must approve it.")


def approved(services: Services, rollout: Rollout, pool: Pool, who: str) -> SecondPerson:
    """The approval of the caller, bound to the rollout as it is given."""
    return rollout.second.replace(
        asked=True,
        awaiting_since=None,
        reason=None,
        at=services.now(),
        by=who,
        by_id=asker().id,
        for_requester=not is_still_allowed(services, rollout.requester, (pool.account,)),
        digest=digest_of(rollout),
        pool_digest=digest_of_pool(services, pool),
    )


def after_change(before: Rollout, after: Rollout, now: datetime) -> Rollout:
    """The rollout after somebody has changed its dates, limits or hosts: it waits for another approval.

    What only makes it do less keeps the approval. While hosts are in work it stands still like a paused one.
    """
    if not (before.second.asked and _may_need_two(before)):
        return after
    changed_by_ids = tuple(sorted({*before.second.changed_by_ids, asker().id}))
    after = after.replace(second=before.second.replace(changed_by_ids=changed_by_ids))
    if before.second.awaiting_since:
        return after
    if _does_less(before, after):
        return resealed(before, after)
    waits = after.second.replace(awaiting_since=now, reason=_WAITS_AGAIN)
    if after.state is RolloutState.PAUSED:
        return after.replace(second=waits, resume_to=RolloutState.AWAITING_APPROVAL)
    state = transition_rollout(after.id, after.state, RolloutState.AWAITING_APPROVAL)
    return after.replace(second=waits, state=state, note=_WAITS_AGAIN)


def resealed(before: Rollout, after: Rollout) -> Rollout:
    """The rollout with its approval kept, after Freshcoat moved a date, or somebody made it do less."""
    second = before.second
    if not second.at or second.digest != digest_of(before):
        return after
    return after.replace(second=after.second.replace(digest=digest_of(after)))


def digest_of(rollout: Rollout) -> str:
    """The digest of version, policy with the script of its probe, schedule and hosts."""
    probe = (rollout.probe,) if rollout.probe.name else ()
    selection = rollout.selection
    return digest(rollout.image, rollout.version_id, rollout.policy, rollout.schedule, rollout.zone, selection, *probe)


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


def _may_need_two(rollout: Rollout) -> bool:
    return rollout.kind is RolloutKind.UPDATE and not rollout.rolling_back


def _does_less(before: Rollout, after: Rollout) -> bool:
    """Whether it leaves out more hosts, or rebuilds fewer at once, and is otherwise the same."""
    old, new = before.selection, after.selection
    if not set(old.exclude) <= set(new.exclude) or after.policy.max_in_flight > before.policy.max_in_flight:
        return False
    same = after.replace(
        selection=new.replace(exclude=old.exclude),
        policy=after.policy.replace(max_in_flight=before.policy.max_in_flight),
    )
    return digest_of(same) == digest_of(before)
