"""Strategies for the planner's properties: any small pool at any moment of any rollout, and any policy.

A host is drawn as a few bytes, each of which picks one of some options: quick to draw, and it shrinks to plain hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.models.policy import AfterForce, CanaryHold, OnFailure, Policy, ScheduleMode
from shared.models.pools import Refresh
from shared.models.rollouts import RolloutKind
from shared.planning.plan import plan
from shared.planning.values import DRAINED_STATES, HostView, Limits, Plan, Snapshot
from tests.fixtures.builders import NEW, NOON, OLD, host, policy, schedule, snapshot
from tests.fixtures.messages import told
from tests.fixtures.picks import Picks

LIMITS = Limits(sign_out=timedelta(minutes=5), approval=timedelta(days=7))
MINUTE = timedelta(minutes=1)
NEVER = 60 * 24 * 365 * 10
"""Minutes until sessions are ended by a refresh."""
LEFT_OUT = told("left out, as the request said", Code.EXCLUDED)
BACK_ID = "/gallery/versions/1.0.0"
many = settings(max_examples=200, deadline=None)

BEGINNING = (HostState.PENDING, *[HostState.DRAINING] * 4, *sorted(DRAINED_STATES)) * 2
ANY_STATE = (*[RolloutState.RUNNING] * 12, *[RolloutState.ROLLING_BACK] * 4, *RolloutState)
KINDS = (RolloutKind.UPDATE, RolloutKind.UPDATE, *RolloutKind)
MAY_GO_BACK = frozenset({RolloutState.PAUSED, RolloutState.CANCELLING})
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns")


def minutes_ago(picks: Picks, most: int = 90) -> datetime:
    """A moment up to so many minutes before noon."""
    return NOON - picks.one(range(most)) * MINUTE


def any_host(name: str, drawn: bytes, *, rolling_back: bool = False) -> HostView:
    """Any host: any state, any sessions, drained for any time, registered or not, on its way back or not."""
    picks = Picks(drawn)
    state = picks.one((*BEGINNING, *HostState))
    sessions = picks.one((0, 0, 0, 1, 2, 4))
    accepting = picks.one((True, False) if state is HostState.PENDING else (*[False] * 5, True))
    back = rolling_back and picks.one((True, True, False))
    removed = state not in DRAINED_STATES and picks.chance(8)
    missing = picks.one((*[None] * 9, 0, 1, 3))
    registered = not removed and missing is None
    fields: dict[str, Any] = {
        "state": state,
        "version": picks.one((OLD, OLD, OLD, NEW, None)),
        "accepting": accepting,
        "status": picks.one(("Available", "Available", "Shutdown", "Unavailable", "NeedsAssistance")),
        "operator_drained": picks.chance(4),
        "was_off": picks.chance(4),
        "drained_by_earlier_failure": picks.chance(6),
        "vm_missing": picks.chance(12),
        "registered": registered,
        "removed_from_pool": removed,
        "missing_since": None if registered or removed or missing is None else NOON - missing * MINUTE,
        "rolling_back": back,
        "goal_id": BACK_ID if back else "",
    }
    times = _times(picks, state, sessions) | _use(picks)
    return host(name, sessions if registered else 0, **fields, **times)


def _times(picks: Picks, state: HostState, sessions: int) -> dict[str, Any]:
    """What a row of this state has noted of when."""
    found: dict[str, Any] = {}
    if state in DRAINED_STATES:
        found["drained_at"] = picks.one((*[minutes_ago(picks)] * 7, None))
        if sessions == 0 and found["drained_at"] is not None:
            found["empty_since"] = picks.one((*[minutes_ago(picks)] * 7, None))
        if state is HostState.SIGNING_OUT:
            found["sign_out_since"] = found["signed_out_last"] = minutes_ago(picks, 12)
    if state.in_work or state in {HostState.DONE, HostState.FAILED}:
        found["taken_at"] = NOON - 60 * MINUTE
    if state is HostState.VERIFYING:
        found["proving_since"] = found["proved_at"] = picks.one((None, NOON - 5 * MINUTE))
    if state.ended:
        found["ended_at"] = minutes_ago(picks, 50)
    return found


def _use(picks: Picks) -> dict[str, Any]:
    """When a refresh has seen somebody on it; and whether a rollout has failed on it since."""
    used = picks.one((None, NOON - 2 * MINUTE, NOON - timedelta(days=1)))
    return {"used_at": used, "last_used_at": used, "failed_in": "r-0" if picks.chance(8) else ""}


SOME_HOSTS = st.lists(st.binary(min_size=24, max_size=24), max_size=8)
SOME_BYTES = st.binary(min_size=40, max_size=40)


def any_pool(
    drawn: bytes, hosts: Sequence[bytes], states: Sequence[RolloutState] = (), kinds: Sequence[RolloutKind] = KINDS
) -> Snapshot:
    """Any small pool at any moment of any rollout, in one of `states` if given."""
    picks = Picks(drawn)
    state = picks.one(states or ANY_STATE)
    rolling_back = state is RolloutState.ROLLING_BACK or (state in MAY_GO_BACK and picks.chance(2))
    kind = RolloutKind.UPDATE if rolling_back else picks.one(kinds)
    mode = picks.one((ScheduleMode.ON_LOGOFF, *ScheduleMode))
    begin = picks.one((0, -30, -60, -60, -90, 15))
    force = begin if mode is not ScheduleMode.ON_LOGOFF else begin + picks.one((120, 60, 20, 5))
    awaiting = state is RolloutState.AWAITING_APPROVAL
    refreshes = kind is RolloutKind.REFRESH
    views = [any_host(f"h{number}", host, rolling_back=rolling_back) for number, host in enumerate(hosts)]
    busy = [view.name for view in views if picks.chance(3) and view.row.state is HostState.PENDING]
    pool = snapshot(
        *views,
        schedule=schedule(force=NEVER) if refreshes else schedule(mode, begin, force),
        refresh=picks.one((Refresh.AFTER_LOGOFF, Refresh.DAILY)) if refreshes else Refresh.OFF,
        blocked_reason=told("a rollout works on the pool") if refreshes and picks.chance(5) else None,
        held_by_refresh=frozenset() if refreshes else frozenset(busy),
        state=state,
        kind=kind,
        rolling_back=rolling_back,
        session_limit=picks.one((8, 4, 2, 1)),
        replicas=picks.one((1, 1, 2, 3, 3, 0)),
        may_probe_only=not rolling_back and picks.chance(4),
        failures_accepted=picks.one((0, 0, 1, 2)),
        approved=picks.chance(3),
        awaiting_since=NOON - timedelta(days=picks.one((0, 6, 7, 8))) if awaiting else None,
        ends_as=picks.one((RolloutState.CANCELLED, RolloutState.FAILED)),
        zone=picks.one(ZONES),
        host_time=picks.one((20, 5, 90, 300)) * MINUTE,
        writes_left=picks.one((None, None, 200, 64, 45, 0)),
    )
    return replace(pool, hosts=tuple(replace(v, left_out=LEFT_OUT) if picks.chance(7) else v for v in pool.hosts))


def any_policy(drawn: bytes, *, windows: bool = True) -> Policy:
    """Any policy."""
    picks = Picks(drawn)
    shares: tuple[int | str, ...] = ("100%", "50%", "25%", "10%", "1%", 1, 2, 3, 8)
    fields: dict[str, Any] = {
        "canary_hosts": picks.one((0, 0, 1, 2, 3)),
        "canary_hold": picks.one((CanaryHold.AUTO, CanaryHold.AUTO, CanaryHold.APPROVE)),
        "bake_minutes": picks.one((0, 0, 30)),
        "max_unavailable": picks.one(shares),
        "min_available": picks.one((0, *shares)),
        "max_in_flight": picks.one((50, 8, 4, 2, 1)),
        "max_failed": picks.one((None, 0, 1, 3)),
        "on_failure": picks.one(list(OnFailure)),
        "after_force": picks.one(list(AfterForce)),
        "settle_seconds": picks.one((60, 60, 0, 900)),
    }
    if not fields["canary_hosts"]:
        fields |= {"canary_hold": CanaryHold.AUTO, "bake_minutes": 0}
    if windows and picks.chance(3):
        fields["windows"] = [_window(picks) for _ in range(picks.one((1, 2)))]
    return policy(picks.one(list(ScheduleMode)), **fields)


def _window(picks: Picks) -> dict[str, Any]:
    """Noon, at which the planner is asked, is a Monday's."""
    days = picks.one((["mon"], ["mon", "tue", "sun"], ["sun"], ["wed", "sat"]))
    opens = picks.one((8, 11, 12, 15, 23))
    closes = opens + picks.one((1, 3, 6, 12))
    return {"days": days, "from": f"{opens:02}:00", "to": f"{closes % 24:02}:{picks.one((0, 10, 40)):02}"}


def pools(*states: RolloutState) -> st.SearchStrategy[Snapshot]:
    """Pools at any moment of a rollout, in one of these states if any are given."""
    return st.builds(any_pool, SOME_BYTES, SOME_HOSTS, st.just(states))


def refreshed_pools(*states: RolloutState) -> st.SearchStrategy[Snapshot]:
    """Pools whose hosts are made fresh after they were used."""
    refresh = st.builds(any_pool, SOME_BYTES, SOME_HOSTS, st.just(states), st.just((RolloutKind.REFRESH,)))
    return refresh.filter(lambda pool: pool.kind is RolloutKind.REFRESH)


def policies(*, windows: bool = True) -> st.SearchStrategy[Policy]:
    """Policies, with windows or without."""
    return st.builds(lambda drawn: any_policy(drawn, windows=windows), st.binary(min_size=30, max_size=30))


def decide(pool: Snapshot, rules: Policy) -> Plan:
    """What the planner says at noon."""
    return plan(pool, rules, NOON, limits=LIMITS)


def by_name(pool: Snapshot) -> dict[str, HostView]:
    """The hosts of a pool by their names."""
    return {view.name: view for view in pool.hosts}


def in_work(pool: Snapshot) -> int:
    """How many hosts are being rebuilt."""
    return sum(view.row.state.in_work for view in pool.hosts)
