"""Keeps what a pass begins within the caps of the pool's account. What does not fit waits, and says until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.access.caps import Allowed, reserve
from shared.core.codes import Code
from shared.models.azure import UserSession
from shared.models.messages import Message
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.values import Plan
from shared.services import Services


@dataclass(frozen=True)
class HostsWithinCaps:
    """The hosts that may be begun, and why the others wait."""

    begun: list[str]
    allowed: Allowed


@dataclass(frozen=True)
class SessionsWithinCaps:
    """The sessions of each host that may be ended. `partly`: hosts of which others wait; `waiting`: of which all do."""

    allowed: Allowed
    by_host: dict[str, list[UserSession]] = field(default_factory=dict)
    partly: frozenset[str] = frozenset()
    waiting: tuple[str, ...] = ()


def hosts_within_caps(services: Services, rollout: Rollout, pool: Pool, hosts: Sequence[str]) -> HostsWithinCaps:
    """Reserve the hosts in their order."""
    allowed = reserve(services, rollout, pool, hosts=len(hosts))
    return HostsWithinCaps(list(hosts[: allowed.hosts]), allowed)


def sessions_within_caps(
    services: Services,
    rollout: Rollout,
    pool: Pool,
    rows: Mapping[str, RolloutHost],
    wanted: Mapping[str, list[UserSession]],
) -> SessionsWithinCaps:
    """Reserve the sessions that are ended for the first time in their host's drain, in the order of the hosts."""
    new = {host: [one for one in told if not _was_asked(rows[host], one)] for host, told in wanted.items()}
    allowed = reserve(services, rollout, pool, sign_outs=sum(map(len, new.values())))
    left, by_host, partly = allowed.sign_outs, dict[str, list[UserSession]](), set[str]()
    for host, told in wanted.items():
        granted, late = new[host][:left], new[host][left:]
        left -= len(granted)
        if late:
            partly.add(host)
        ends = [one for one in told if one not in late]
        if ends or not late:
            by_host[host] = ends
    return SessionsWithinCaps(
        allowed, by_host, frozenset(partly), tuple(host for host in wanted if host not in by_host)
    )


def _was_asked(row: RolloutHost, session: UserSession) -> bool:
    """Whether the session was counted before: nobody can sign in to a host since it was drained, so its id is not
    another's."""
    drain = row.drain
    if drain.drained_at is None or drain.signed_out_last is None or drain.signed_out_last < drain.drained_at:
        return False
    return session.id in row.signed_out or session.id in drain.sign_out_answers


def interrupted(row: RolloutHost) -> RolloutHost:
    """The row of a host of which some sessions wait for the cap: the limit of its sign-outs begins anew after that."""
    return row.replace(drain=row.drain.replace(sign_out_since=None))


def why_hosts_wait(decided: Plan, rows: Iterable[RolloutHost]) -> Message | None:
    """What the rollout is waiting for, if caps hold hosts up; else the note of the plan."""
    if decided.note is not None:
        return decided.note
    waiting = (row.reason for row in rows if not (row.state.in_work or row.state.ended))
    return next((reason for reason in waiting if reason and reason.code == Code.WAITS_FOR_CAP), None)
