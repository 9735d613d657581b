"""Two people: what waits until somebody approves it who neither asked for it nor shaped what it does.

An approval is bound to what was approved, by two digests: of the rollout's version, policy, schedule and hosts, and of
how its pool's hosts join and the limits of its ring. Rolling back to the version before never waits.
"""

from __future__ import annotations

from datetime import datetime

from shared.access.two_people.requesters import LOST_ACCESS, approved_by, is_still_allowed
from shared.access.two_people.rule import WAITS, WAITS_AGAIN, asks_for_two, digest, digest_of_pool
from shared.core.asking import asker
from shared.core.states import RolloutState, transition_rollout
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.rollout_parts import SecondPerson
from shared.models.rollouts import Rollout, RolloutKind
from shared.services import POOLS, Services


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
        return WAITS_AGAIN if second.at else WAITS
    return None


def why_not_due(services: Services, rollout: Rollout, pool: Pool) -> Message | None:
    """Why the rollout may not begin although it is due: its requester has no access any more, and nobody stands in."""
    if rollout.started_at or rollout.second.for_requester or not _may_need_two(rollout):
        return None
    return None if is_still_allowed(services, rollout.requester, (pool.account,)) else LOST_ACCESS


def why_will_wait(services: Services, rollout: Rollout) -> Message | None:
    """Why a scheduled rollout will wait for somebody when it falls due, as of now. None: it goes on by itself."""
    if rollout.state is not RolloutState.SCHEDULED:
        return None
    pool = services.pools.find(POOLS, rollout.pool)
    return why_not_due(services, rollout, pool) if pool else None


def approved(services: Services, rollout: Rollout, pool: Pool, who: str) -> SecondPerson:
    """The approval of the caller, bound to the rollout as it is given."""
    digests = {"digest": digest_of(rollout), "pool_digest": digest_of_pool(services, pool)}
    return approved_by(services, rollout.second, who, rollout.requester, (pool.account,), **digests)


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
    waits = after.second.replace(awaiting_since=now, reason=WAITS_AGAIN)
    if after.state is RolloutState.PAUSED:
        return after.replace(second=waits, resume_to=RolloutState.AWAITING_APPROVAL)
    state = transition_rollout(after.id, after.state, RolloutState.AWAITING_APPROVAL)
    return after.replace(second=waits, state=state, note=WAITS_AGAIN)


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
