"""How many hosts may be rebuilt or drained now: allowed minus already unavailable, never below zero. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.states import HostState
from shared.core.wording import counted
from shared.models.messages import Message, message
from shared.models.policy import Policy, share_down, share_up
from shared.models.rollouts import RolloutKind
from shared.planning import waves
from shared.planning.observe import gone
from shared.planning.values import Action, Bound, Decision, HostView, Snapshot

HOSTS_PER_REPLICA = 50
"""VMs that one replica of an image version can serve at a time (azure-facts 2.8)."""

WRITES_PER_HOST = 8
"""ARM writes per host, from its drain to its return to service (azure-facts 5)."""
WRITES_FOR_OTHERS = 40
"""ARM's token bucket holds 200 writes; this many are reserved for other calls of the same identity."""


@dataclass
class Budget:
    """The budget of one pass; each decision reduces it.

    `serving` hosts accept sessions now. After a drain, at least `floor` of them must remain, with capacity for the open
    sessions. `unavailable` hosts serve nobody because of us. `to_begin` hosts may be started in this pass.
    """

    serving: int
    floor: int
    session_limit: int
    open_sessions: int
    unavailable: int
    allowed_unavailable: int
    in_work: int
    allowed_in_work: int
    to_begin: int
    bounds: tuple[Bound, ...] = ()
    forcing: bool = False
    cap: Bound | None = None
    """Hosts that the account's caps still allow to begin; None: as many as there are."""
    begun: int = 0
    """Hosts that this pass begins."""
    spare: int = 1
    """Hosts that may be out of service at the same time, however long they stay out; at least 1."""

    def floor_allows(self) -> bool:
        """Whether one more serving host may be drained: enough hosts remain, with capacity for all sessions.

        Capacity is not required once sessions are being ended, because a full pool never has any to spare. Then one
        host may always be drained while none is unavailable: other hosts may be switched off or removed from the pool.
        """
        if self.forcing and self.unavailable == 0:
            return True
        remaining = self.serving - 1
        has_capacity = self.forcing or self.floor == 0 or remaining * self.session_limit >= self.open_sessions
        return remaining >= self.floor and has_capacity

    def below_floor(self) -> bool:
        """Whether too few hosts serve already, or they lack capacity for the open sessions."""
        return self.serving < self.floor or (self.floor > 0 and self.serving * self.session_limit < self.open_sessions)

    def one_more_unavailable(self) -> bool:
        """Whether another host may stop serving."""
        return self.unavailable < self.allowed_unavailable

    def one_more_in_work(self) -> bool:
        """Whether another host may be rebuilt now."""
        return self.in_work < self.allowed_in_work and self.to_begin > 0

    def begin_one(self) -> None:
        """Another host is rebuilt."""
        self.in_work += 1
        self.to_begin -= 1
        self.begun += 1

    def at_cap(self) -> Bound | None:
        """The account's caps, if they allow no more hosts to begin."""
        return self.cap if self.cap and self.begun >= self.cap.hosts else None

    def limited_by(self) -> Bound:
        """The bound that limits how many hosts are updated at once; the first one of several equal bounds."""
        return min(self.bounds, key=lambda bound: bound.hosts)


def floor_restored(budget: Budget, snapshot: Snapshot, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """The decisions, and undrained hosts that do not serve, the busiest first, while too few accept sessions."""
    if budget.forcing:
        return decisions
    drained = {view.name: view for view in snapshot.hosts if view.drained and view.seen and not view.serving}
    changed = list(decisions)
    for index in range(len(changed) - 1, -1, -1):
        if not budget.below_floor():
            break
        decision = changed[index]
        view = drained.get(decision.host)
        if view is None or decision.act is not Action.WAIT or not _for_users(view):
            continue
        serving = counted(budget.serving, "host")
        reason = message(Code.AVAILABLE_LIMIT, f"only {serving} can take new sessions", count=budget.serving)
        changed[index] = Decision(decision.host, Action.UNDRAIN, reason, decision.sessions)
        budget.serving += 1
    return tuple(changed)


def _for_users(view: HostView) -> bool:
    """Whether a host that we drained served users before. Not if an earlier attempt failed on it."""
    return not (view.row.found.operator_drained or view.row.found.was_off or view.row.drained_by_earlier_failure)


def unavailable(view: HostView, *, forcing: bool) -> bool:
    """Whether a host serves nobody because of us. A host that somebody undrained again serves.

    A drained host with sessions still serves their users, so it counts only when sessions are being ended. Otherwise a
    few users who stay late would block every host that becomes empty in the meantime.
    """
    return view.row.state.in_work or (view.drained and not view.serving and (forcing or view.sessions == 0))


@dataclass(frozen=True)
class _Shares:
    """The policy's shares as numbers of hosts of this pool."""

    total: int
    in_service: int
    failed: int
    """Hosts that served before and stay out of service because their update failed."""
    allowed: int
    """How many hosts may be unavailable at once."""
    floor: int
    """How many hosts must accept sessions."""


def budget_for(snapshot: Snapshot, policy: Policy, now: datetime) -> Budget:
    """What this pass may spend."""
    forcing, shares = snapshot.forcing(now), _shares(snapshot, policy, now)
    serving = sum(1 for view in snapshot.hosts if view.serving) + snapshot.others_serving
    # Hosts that the refresh of the pool has taken out of service are unavailable for this rollout too.
    held = sum(1 for view in snapshot.hosts if view.name in snapshot.held_by_refresh and not view.serving)
    in_work = sum(1 for view in snapshot.hosts if view.row.state.in_work) + held
    work_bounds = _work_bounds(snapshot, policy, shares.allowed)
    allowed_in_work = min(shares.allowed, *(bound.hosts for bound in work_bounds))
    unavailable_bound = _unavailable_bound(policy, shares, lifted=snapshot.everything_at_once(policy, now))
    arm, cap = _arm_bound(snapshot), snapshot.cap
    once_begun = [bound for bound in (arm, cap) if bound]
    ahead = shares.allowed if forcing else min(shares.allowed, max(1, 2 * allowed_in_work))
    return Budget(
        serving=serving,
        floor=shares.floor,
        session_limit=snapshot.session_limit,
        open_sessions=snapshot.open_sessions,
        unavailable=sum(1 for view in snapshot.hosts if unavailable(view, forcing=forcing)) + held,
        # Hosts drained further ahead than the next batch would only stand empty.
        allowed_unavailable=min(ahead, in_work + cap.hosts) if cap else ahead,
        in_work=in_work,
        allowed_in_work=allowed_in_work,
        to_begin=min((bound.hosts for bound in once_begun), default=shares.total),
        cap=cap,
        forcing=forcing,
        spare=max(1, min(allowed_in_work, shares.in_service - shares.floor)),
        bounds=(unavailable_bound, _floor_bound(policy, shares, serving), *work_bounds, *once_begun),
    )


def _shares(snapshot: Snapshot, policy: Policy, now: datetime) -> _Shares:
    """Turn the policy's shares into numbers of hosts.

    `max_unavailable` is a share of all hosts, rounded down, minus the hosts that failed in this rollout, because they
    are out of service too. At least one host is always allowed, or the rollout could never end. `min_available` is a
    share of the hosts that were in service before (not switched off, not drained by an operator), rounded up. Hosts
    that the pool's refresh holds were in service. Hosts that autoscale switched off cannot serve, so they must not
    raise the floor. Hosts that a retry does not update count as they are now.
    """
    present = [view for view in snapshot.hosts if not _is_gone(view, now)]
    total = len(present) + len(snapshot.others)
    in_service = snapshot.others_serving + sum(
        1 for view in present if _was_in_service(view, snapshot.kind) or view.name in snapshot.held_by_refresh
    )
    failed = sum(1 for view in present if _failed_in_service(view, snapshot.kind))
    at_once = snapshot.everything_at_once(policy, now)
    allowed = total if at_once else max(1, share_down(policy.max_unavailable, total) - failed)
    floor = 0 if snapshot.limits_lifted(policy, now) else share_up(policy.min_available, in_service)
    if snapshot.forcing(now):
        floor = min(floor, max(0, in_service - 1))  # else a floor of 100 % would hold up the last hosts for ever
    return _Shares(total, in_service, failed, allowed, floor)


def _is_gone(view: HostView, now: datetime) -> bool:
    """Whether a host has left the pool or was never in it. Shares must not count it."""
    missing = view.seen is None and not view.row.removed_from_pool and not view.row.state.in_work
    return missing and (view.row.state is HostState.SKIPPED or gone(view.row, now))


def _was_in_service(view: HostView, kind: RolloutKind) -> bool:
    """Whether users could work on the host before the rollout.

    A host that a refresh has finished is back in normal use for days, so its state before the refresh no longer counts.
    """
    row, seen = view.row, view.seen
    if kind is RolloutKind.REFRESH and row.state is HostState.DONE:
        return seen is not None and seen.accepting and seen.status != "Shutdown"
    return not (row.found.was_off or row.found.operator_drained or row.drained_by_earlier_failure or row.vm_missing)


def _failed_in_service(view: HostView, kind: RolloutKind) -> bool:
    """Whether a host that served users before stays out of service because its update failed."""
    return view.row.state is HostState.FAILED and not view.serving and _was_in_service(view, kind)


def _unavailable_bound(policy: Policy, shares: _Shares, *, lifted: bool) -> Bound:
    share, hosts = str(policy.max_unavailable), counted(shares.total, "host")
    text = f"{share} of {hosts}, rounded down, at least 1" if share.endswith("%") else f"{share} as configured"
    text += f", less {shares.failed} that failed, at least 1" if shares.failed else ""
    if lifted:
        return Bound("max_unavailable", shares.allowed, message(Code.LIMIT_LIFTED, "lifted: the deadline has passed"))
    return Bound("max_unavailable", shares.allowed, message(Code.SHARE_OF_POOL, text, count=shares.total))


def _floor_bound(policy: Policy, shares: _Shares, serving: int) -> Bound:
    share, hosts, floor = str(policy.min_available), counted(shares.in_service, "host"), shares.floor
    text = f"{share} of the {hosts} in service, rounded up" if share.endswith("%") else f"{share} as configured"
    reason = message(Code.SHARE_IN_SERVICE, f"{serving} accept sessions, {floor} must ({text})", count=floor)
    return Bound("min_available", max(0, serving - floor), reason)


def _work_bounds(snapshot: Snapshot, policy: Policy, allowed: int) -> list[Bound]:
    """The limits on hosts in work, other than `max_unavailable` and `min_available`."""
    replicas = max(snapshot.replicas, 0)
    for_replicas = HOSTS_PER_REPLICA * replicas
    bounds = [
        Bound("max_in_flight", policy.max_in_flight, message(Code.AS_CONFIGURED, "as configured")),
        Bound("replicas", for_replicas, _per_replica(replicas)),
    ]
    cap = max(0, min(allowed, *(bound.hosts for bound in bounds)))
    has_canary = policy.canary_hosts > 0 and not snapshot.rolling_back
    results = waves.results((view.row for view in snapshot.hosts), back=snapshot.rolling_back)
    batch = waves.batch_size(results, policy.canary_hosts if has_canary else cap, max(1, cap))
    bounds.append(Bound("ramp", batch, _DOUBLES))
    if snapshot.unproven and policy.canary_hosts == 0:  # else the first batch is the canary hosts
        bounds.append(Bound("proof", 1, awaited_proof(1, snapshot.host_time)))
    if snapshot.may_probe_only:
        bounds.append(Bound("first_reimage", 1, _UNPROVEN))
    return bounds


def ramp(snapshot: Snapshot, policy: Policy, now: datetime) -> int:
    """The batch size, as it follows from the results of the hosts so far; 0 where no canary hosts begin it."""
    if policy.canary_hosts == 0 or snapshot.rolling_back:
        return 0
    return next(bound.hosts for bound in budget_for(snapshot, policy, now).bounds if bound.name == "ramp")


def awaited_proof(hosts: int, host_time: timedelta) -> Message:
    """Why other hosts wait for the first ones: nothing has shown yet that this update works."""
    first = "One host" if hosts == 1 else f"The first of {hosts} hosts"
    minutes = counted(max(1, round(host_time.total_seconds() / 60)), "minute")
    text = f"{first} must be back in service before others are rebuilt: about {minutes}."
    return message(Code.PROOF_OUTSTANDING, text, count=hosts)


_DOUBLES = message(Code.BATCH_SIZE, "doubles after successful batches, halves after a failure")
_UNPROVEN = message(Code.REIMAGE_UNPROVEN, "not known yet whether re-imaging works on this pool")


def _per_replica(replicas: int) -> Message:
    text = f"{counted(replicas, 'replica')} in the region, each for {HOSTS_PER_REPLICA} hosts at once"
    return message(Code.PER_REPLICA, text, count=replicas)


def _arm_bound(snapshot: Snapshot) -> Bound | None:
    """How many hosts ARM's remaining write quota allows us to start now; at least 1, because the quota refills."""
    if snapshot.writes_left is None:
        return None
    hosts = max(1, (snapshot.writes_left - WRITES_FOR_OTHERS) // WRITES_PER_HOST)
    text = f"{snapshot.writes_left} writes left, {WRITES_PER_HOST} per host, {WRITES_FOR_OTHERS} kept for other callers"
    return Bound("arm_writes", hosts, message(Code.ARM_QUOTA, text, count=snapshot.writes_left))
