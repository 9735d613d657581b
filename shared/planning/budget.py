"""How many hosts may be taken or drained now: allowed minus what is out already, never below zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.models.policy import Policy, share_down, share_up
from shared.planning.values import HostView, Snapshot
from shared.states import HostState

HOSTS_PER_REPLICA = 50
"""VMs one replica of an image version can feed at a time (azure-facts 2.8)."""


@dataclass
class Budget:
    """What is left to spend in one look; spent as decisions are made.

    `serving` hosts accept sessions now; draining one of them must leave `floor` of them, and room for
    the sessions open now. `unavailable` hosts serve nobody because of us.
    """

    serving: int
    floor: int
    session_limit: int
    open_sessions: int
    unavailable: int
    allowed_unavailable: int
    in_work: int
    allowed_in_work: int

    def floor_allows(self) -> bool:
        """Whether one serving host less still leaves enough of them, with room for all sessions."""
        left = self.serving - 1
        return left >= self.floor and (self.floor == 0 or left * self.session_limit >= self.open_sessions)

    def below_floor(self) -> bool:
        """Whether too few hosts serve already, or they lack room for the sessions open now."""
        return self.serving < self.floor or (self.floor > 0 and self.serving * self.session_limit < self.open_sessions)

    def one_more_unavailable(self) -> bool:
        """Whether another host may stop serving."""
        return self.unavailable < self.allowed_unavailable

    def one_more_in_work(self) -> bool:
        """Whether another host may be rebuilt now."""
        return self.in_work < self.allowed_in_work


def unavailable(view: HostView, *, forcing: bool) -> bool:
    """Whether a host serves nobody because of us.

    A drained host on which people still work serves them: only when sessions are being ended is it
    counted. Else a few people who stay late would hold up every host that empties meanwhile.
    """
    return view.row.state.in_work or (view.drained and (forcing or view.sessions == 0))


def budget_for(snapshot: Snapshot, policy: Policy, now: datetime) -> Budget:
    """What this look may spend.

    Shares count the pool's hosts: `max_unavailable` all of them, rounded down but at least 1;
    `min_available` those that were in service before (neither switched off nor drained by an operator),
    rounded up. Hosts switched off by autoscale must not count for a floor that they cannot hold up.
    """
    forcing = snapshot.forcing(now)
    lifted = snapshot.limits_lifted(policy, now)
    total = len(snapshot.hosts)
    in_service = sum(1 for view in snapshot.hosts if not (view.row.was_off or view.row.operator_drained))
    in_work = sum(1 for view in snapshot.hosts if view.row.state.in_work)
    cap = min(policy.max_in_flight, HOSTS_PER_REPLICA * max(snapshot.replicas, 0))
    allowed = total if snapshot.everything_at_once(policy, now) else share_down(policy.max_unavailable, total)
    cap = min(cap, allowed)
    return Budget(
        serving=sum(1 for view in snapshot.hosts if view.serving),
        floor=0 if lifted else share_up(policy.min_available, in_service),
        session_limit=snapshot.session_limit,
        open_sessions=snapshot.open_sessions,
        unavailable=sum(1 for view in snapshot.hosts if unavailable(view, forcing=forcing)),
        allowed_unavailable=allowed,
        in_work=in_work,
        allowed_in_work=min(cap, 1) if snapshot.may_probe_only else cap,
    )


@dataclass(frozen=True)
class Canary:
    """How far the first hosts are. `open_slots` of them are still to be begun."""

    hosts: int
    done: int
    open_slots: int

    @property
    def passed(self) -> bool:
        """Whether the rest of the pool may follow."""
        return self.done >= self.hosts


def canary_of(snapshot: Snapshot, policy: Policy) -> Canary:
    """The canary of this rollout; a pool with fewer hosts to update has a smaller one.

    Failed hosts do not count as begun: after somebody resumed the rollout, others take their place.
    """
    to_update = sum(1 for view in snapshot.hosts if view.row.state is not HostState.SKIPPED)
    done = snapshot.counts[HostState.DONE]
    hosts = min(policy.canary_hosts, to_update - snapshot.counts[HostState.FAILED])
    in_work = sum(1 for view in snapshot.hosts if view.row.state.in_work)
    return Canary(hosts=hosts, done=done, open_slots=max(0, hosts - done - in_work))
