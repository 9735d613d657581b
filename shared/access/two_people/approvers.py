"""Whether a caller may be the second person: asked when they approve, and before, so that nobody approves in vain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.access.errors import NotAllowed
from shared.access.two_people.tasks import probe_of, update_of
from shared.models.access.roles import Caller, Need
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout
from shared.models.tasks import Task
from shared.records.profiles import join_profile_of
from shared.services import Services


@dataclass(frozen=True)
class Approver:
    """The id of a caller, and what they may."""

    id: str
    may: frozenset[Need]


@dataclass(frozen=True)
class _Part:
    """Who has had a part in the work; an empty id stands for somebody unknown.

    `told`: what to tell one of them. `unknown`: what nobody knows. `need`: without this right nobody has had the part.
    """

    told: str
    ids: frozenset[str]
    unknown: str
    need: Need


def approver_of(caller: Caller | None) -> Approver:
    """The caller of a request as an approver."""
    return Approver(caller.id, caller.may) if caller else Approver("", frozenset())


def check_may_approve(me: Approver, why_not: str) -> None:
    """Raises NotAllowed for somebody who may not be the second person."""
    if why_not:
        raise NotAllowed(why_not)


def why_not_rollout(services: Services, me: Approver, rollout: Rollout, pool: Pool) -> str:
    """Why the caller may not be this rollout's second person; empty when they may."""
    return _why_not(me, [
        _asked("rollout", rollout.requester),
        _changed("rollout", rollout.second.changed_by_ids),
        _configured("its pool", [pool.changed_by_id]),
        _configured("its probe", [rollout.probe.changed_by_id] if rollout.probe.name else []),
        _joined(services, pool, "its join profile"),
        _limited(services, pool, "the limits of its ring"),
    ])  # fmt: skip


def why_not_work(services: Services, me: Approver, work: Task | Promotion, pools: Iterable[Pool]) -> str:
    """Why the caller may not be the second person of this task or promotion on these pools; empty when they may."""
    kind = "task" if isinstance(work, Task) else "promotion"
    parts = [_asked(kind, work.requester), _changed(kind, work.second.changed_by_ids)]
    for pool in pools:  # of every ring: whoever set the limits of one could have it not ask any more
        probe = probe_of(services, update_of(work), pool)
        parts.append(_configured(f"pool {pool.name}", [pool.changed_by_id]))
        parts.append(_configured(f"the probe of pool {pool.name}", [probe.changed_by_id] if probe else []))
        parts.append(_joined(services, pool, f"the join profile of pool {pool.name}"))
        parts.append(_limited(services, pool, f"the limits of pool {pool.name}"))
    return _why_not(me, parts)


def _asked(kind: str, requester: str) -> _Part:
    told = f"You asked for this {kind} yourself"
    return _Part(told, frozenset({requester}), f"Nobody knows who asked for this {kind}", Need.PUBLISH)


def _changed(kind: str, ids: Iterable[str]) -> _Part:
    told = f"You have changed this {kind} since it was requested"
    return _Part(told, frozenset(ids), f"Nobody knows who has changed this {kind}", Need.STEER)


def _configured(what: str, ids: Iterable[str]) -> _Part:
    told, unknown = f"You changed {what} last", f"Nobody knows who changed {what} last"
    return _Part(told, frozenset(ids), unknown, Need.CONFIGURE)


def _limited(services: Services, pool: Pool, what: str) -> _Part:
    limits = services.limits.find(pool.account, pool.ring)
    return _configured(what, [limits.changed_by_id] if limits else [])


def _joined(services: Services, pool: Pool, what: str) -> _Part:
    profile = join_profile_of(services, pool)
    return _configured(what, [profile.changed_by_id] if profile else [])


def _why_not(me: Approver, parts: Iterable[_Part]) -> str:
    """Where somebody unknown has had a part, only who cannot have been it may approve."""
    found = list(parts)
    for part in found:
        if me.id in part.ids - {""}:
            return f"{part.told}. Somebody else must approve it."
    for part in found:
        if not me.id or ("" in part.ids and part.need in me.may):
            return f"{part.unknown}. Somebody without the right to {part.need} must approve it."
    return ""
