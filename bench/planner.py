"""The duration of one decision of the planner about a pool in the middle of a rollout."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from statistics import median

from bench.rows import Part, Row
from shared.core.states import HostState, RolloutState
from shared.models.azure import SessionHost
from shared.models.host_parts import Drain
from shared.models.policy import PolicyOverrides, Proof, ScheduleMode, resolve_policy
from shared.models.rollouts import RolloutHost, Schedule
from shared.planning.plan import plan
from shared.planning.values import HostView, Limits, Snapshot

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEGAN, DEADLINE = NOW - timedelta(hours=1), NOW + timedelta(hours=9)
SIZES, TIMES = (1_000, 10_000), 7
REACH = 0.1
STATES = (
    HostState.PENDING, HostState.PENDING, HostState.PENDING, HostState.DRAINING, HostState.WAITING_FOR_LOGOFF,
    HostState.REIMAGING, HostState.JOINING, HostState.DONE, HostState.DONE, HostState.FAILED,
)  # fmt: skip
"""The states of ten hosts, repeated over the pool."""


def run() -> list[Row]:
    """Measure the median of several decisions about the same pool, each with a new snapshot."""
    part = Part("planner")
    for hosts in SIZES:
        taken = median(_seconds(hosts) for _ in range(TIMES))
        if hosts == max(SIZES):
            part.at_most(f"one decision, {hosts:,} hosts", taken, "s", REACH)
        else:
            part.shown(f"one decision, {hosts:,} hosts", taken, "s")
    return part.rows


def _seconds(hosts: int) -> float:
    requested = PolicyOverrides(max_failed=hosts, canary_hosts=0, proof=Proof.NONE, max_in_flight=200)
    policy = resolve_policy(ScheduleMode.ON_LOGOFF, requested)
    snapshot = pool_of(hosts)
    limits = Limits(timedelta(minutes=5), timedelta(days=7))
    began = time.perf_counter()
    decided = plan(snapshot, policy, NOW, limits=limits)
    took = time.perf_counter() - began
    if len(decided.decisions) != sum(not view.row.state.ended for view in snapshot.hosts):
        raise RuntimeError("the planner did not decide about every host")
    return took


def pool_of(hosts: int) -> Snapshot:
    """A pool with hosts in all states of a rollout. A third of the pending ones are idle."""
    return Snapshot(
        hosts=tuple(_host(number) for number in range(hosts)),
        schedule=Schedule(mode=ScheduleMode.ON_LOGOFF, begin_at=BEGAN, force_at=DEADLINE, time_zone="UTC"),
        state=RolloutState.RUNNING,
        target="2.0.0",
        session_limit=16,
        replicas=10,
    )


def _host(number: int) -> HostView:
    state = STATES[number % len(STATES)]
    name, untouched = f"vdi-{number:05}", state is HostState.PENDING
    sessions = (number // 10) % 3 * 4 if untouched else int(state is HostState.WAITING_FOR_LOGOFF)
    drain = Drain()
    if state in (HostState.DRAINING, HostState.WAITING_FOR_LOGOFF):
        since = NOW - timedelta(minutes=30)
        drain = Drain(drained_at=since, empty_since=None if sessions else since)
    row = RolloutHost(
        rollout="r", host=name, vm_id=f"/vm/{name}", version="1.0.0", state=state, sessions=sessions, drain=drain
    )
    seen = SessionHost(
        name=name, vm_id=row.vm_id, accepting=untouched or state.ended, sessions=sessions, status="Available"
    )
    return HostView(row, None if state.in_work else seen)
