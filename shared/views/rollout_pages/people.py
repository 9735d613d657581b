"""Who is still signed in on hosts that a rollout has to update: one list of sessions per pool for all who ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from shared.api.rollout_pages.people import PeopleQuery, PeopleView, PersonView
from shared.models.azure import UserSession
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.people.notices import HALTED, told_to
from shared.ports.paging import page_of
from shared.records.pools import find_pool
from shared.records.rollouts import find_rollout
from shared.services import Services
from shared.views.hosts import POOL_READS, reads_of, recent_seen

READ_FOR = 15.0
"""Seconds for which the sessions of a pool are shown as they were read, at the least: longer when they are many."""


@dataclass(frozen=True)
class _Sessions:
    found: tuple[UserSession, ...]
    at: datetime


def list_people(services: Services, rollout_id: str, query: PeopleQuery) -> PeopleView:
    """A page of the people on hosts that are still to be updated; nobody after the end, when nothing is read.

    Raises NotFound, InvalidRequest for a bad continuation, AzureError.
    """
    rollout = find_rollout(services, rollout_id)
    waiting = {row.host: row for row in recent_seen(services, rollout).rows if not row.state.ended}
    if rollout.state.ended or not waiting:
        return PeopleView(as_of=services.now(), count=0, items=[])
    sessions = _sessions(services, find_pool(services, rollout.pool))
    people = [
        _person(rollout, waiting[host], session)
        for session in sessions.found
        if (host := session.host.lower()) in waiting
    ]
    found = _matching(people, query)
    page = page_of(found, _key, limit=query.limit, continuation=query.continuation)
    return PeopleView(
        as_of=sessions.at, count=len(people), items=[one for _, one in page.rows], continuation=page.continuation
    )


def _sessions(services: Services, pool: Pool) -> _Sessions:
    def age(sessions: _Sessions) -> float:
        return max(READ_FOR, reads_of(1, sessions.found) / POOL_READS)

    return services.read_cache.get(("people", pool.host_pool_id), age, partial(_read, services, pool), grows=True)


def _read(services: Services, pool: Pool) -> _Sessions:
    return _Sessions(tuple(services.host_pools.user_sessions(pool.host_pool_id)), services.now())


type _Keyed = tuple[str, PersonView]


def _key(keyed: _Keyed) -> str:
    return f"{keyed[1].host} {keyed[1].user.lower()} {keyed[0]}"


def _matching(people: list[_Keyed], query: PeopleQuery) -> list[_Keyed]:
    part = (query.search or "").lower()
    return [(key, one) for key, one in people if part in one.user.lower() or part in one.host]


def _person(rollout: Rollout, row: RolloutHost, session: UserSession) -> _Keyed:
    told = told_to(row, session)
    deadline = told.deadline if told else None
    return session.id, PersonView(
        user=session.user,
        host=row.host,
        state=session.state,
        since=session.since,
        warned=deadline is not None,
        ends_at=deadline or _deadline(rollout, row),
    )


def _deadline(rollout: Rollout, row: RolloutHost) -> datetime | None:
    """When sessions on the host are ended by the schedule. A refresh ends none."""
    if rollout.kind is RolloutKind.REFRESH or rollout.state in HALTED:
        return None
    schedule = rollout.schedule
    return schedule.force_at if row.canary else schedule.others_force_at or schedule.force_at
