"""What every plan keeps to, over many small pools: budgets, floor, sessions, order, totality."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.policy import AfterForce, OnFailure, Policy, ScheduleMode, share_down, share_up
from shared.planning.plan import plan
from shared.planning.values import DRAINED_STATES, Act, HostView, Limits, Plan, Snapshot
from shared.states import HOST_MOVES, ROLLOUT_MOVES, HostState, RolloutState
from tests.fixtures.builders import NEW, NOON, OLD, host, policy, schedule, snapshot

LIMIT = timedelta(minutes=5)
MINUTES = st.integers(min_value=0, max_value=90)


@st.composite
def hosts(draw: st.DrawFn, name: str) -> HostView:
    """Any host: any state, any sessions, drained for any time, registered or not."""
    state = draw(st.sampled_from(list(HostState)))
    sessions = draw(st.integers(0, 4))
    fields: dict[str, Any] = {
        "state": state,
        "version": draw(st.sampled_from([OLD, NEW, None])),
        "accepting": draw(st.booleans()) if state is HostState.PENDING else draw(st.sampled_from([False, False, True])),
        "status": draw(st.sampled_from(["Available", "Available", "Shutdown", "Unavailable", "NeedsAssistance"])),
        "operator_drained": draw(st.sampled_from([False, False, True])),
        "was_off": draw(st.sampled_from([False, False, True])),
        "registered": draw(st.sampled_from([True, True, True, False])),
    }
    if state in DRAINED_STATES:
        fields["drained_at"] = draw(st.none() | MINUTES.map(lambda m: NOON - timedelta(minutes=m)))
        if sessions == 0 and fields["drained_at"] is not None:
            fields["empty_since"] = draw(st.none() | MINUTES.map(lambda m: NOON - timedelta(minutes=m)))
        if state is HostState.SIGNING_OUT:
            fields["sign_out_since"] = fields["signed_out_last"] = NOON - timedelta(minutes=draw(MINUTES))
    return host(name, sessions, **fields)


@st.composite
def pools(draw: st.DrawFn) -> Snapshot:
    """Any small pool at any moment of any rollout."""
    size = draw(st.integers(0, 12))
    mode = draw(st.sampled_from(list(ScheduleMode)))
    begin = draw(st.integers(-60, 30))
    force = begin if mode is not ScheduleMode.ON_LOGOFF else begin + draw(st.integers(1, 120))
    return snapshot(
        *[draw(hosts(f"h{n:02}")) for n in range(size)],
        schedule=schedule(mode, begin, force),
        state=draw(st.sampled_from(list(RolloutState))),
        session_limit=draw(st.integers(1, 8)),
        replicas=draw(st.integers(0, 3)),
        may_probe_only=draw(st.booleans()),
        failures_accepted=draw(st.integers(0, 2)),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy."""
    shares = st.integers(1, 12) | st.integers(1, 100).map(lambda percent: f"{percent}%")
    return policy(
        draw(st.sampled_from(list(ScheduleMode))),
        canary_hosts=draw(st.integers(0, 3)),
        max_unavailable=draw(shares),
        min_available=draw(shares),
        max_in_flight=draw(st.integers(1, 8)),
        max_failed=draw(st.integers(0, 3)),
        on_failure=draw(st.sampled_from(list(OnFailure))),
        after_force=draw(st.sampled_from(list(AfterForce))),
        settle_seconds=draw(st.sampled_from([0, 60, 900])),
    )


def decide(pool: Snapshot, rules: Policy) -> Plan:
    return plan(pool, rules, NOON, limits=Limits(LIMIT, timedelta(days=7)))


def by_name(pool: Snapshot) -> dict[str, HostView]:
    return {view.name: view for view in pool.hosts}


many = settings(max_examples=200, deadline=None)


@many
@given(pools(), policies())
def test_every_open_host_gets_exactly_one_decision_with_a_reason(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    names = [decision.host for decision in decided.decisions]
    assert len(names) == len(set(names))
    if not pool.state.ended:
        assert set(names) == {view.name for view in pool.hosts if not view.row.state.ended}
    assert all(decision.reason and str(decision) for decision in decided.decisions)


@many
@given(pools(), policies(), st.randoms())
def test_the_order_of_the_hosts_given_changes_nothing(pool: Snapshot, rules: Policy, random: Any) -> None:
    shuffled = list(pool.hosts)
    random.shuffle(shuffled)
    assert decide(replace(pool, hosts=tuple(shuffled)), rules) == decide(pool, rules)


@many
@given(pools(), policies())
def test_only_a_drained_and_empty_host_is_taken(pool: Snapshot, rules: Policy) -> None:
    for name in decide(pool, rules).chosen(Act.TAKE):
        view = by_name(pool)[name]
        assert view.drained
        assert view.sessions == 0
        assert view.row.empty_since is not None
        assert view.row.drained_at is not None
        assert view.row.empty_since + timedelta(seconds=rules.settle_seconds) <= NOON


@many
@given(pools(), policies())
def test_nobody_is_signed_out_before_force_at_and_nothing_begins_before_begin_at(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    if pool.schedule.force_at > NOON:
        assert not decided.chosen(Act.SIGN_OUT)
        assert not decided.chosen(Act.FAIL)
    if pool.schedule.begin_at > NOON and pool.state is not RolloutState.CANCELLING:
        assert {decision.act for decision in decided.decisions} <= {Act.HOLD, Act.GIVE_BACK}


@many
@given(pools(), policies())
def test_a_drain_leaves_the_floor_and_room_for_everybody(pool: Snapshot, rules: Policy) -> None:
    lifted = pool.forcing(NOON) and rules.after_force is AfterForce.ALL
    served = sum(1 for view in pool.hosts if view.serving)
    lost = sum(1 for name in decide(pool, rules).chosen(Act.DRAIN) if by_name(pool)[name].serving)
    if lost and not lifted:
        in_service = sum(1 for view in pool.hosts if not (view.row.was_off or view.row.operator_drained))
        floor = share_up(rules.min_available, in_service)
        assert served - lost >= floor
        assert (served - lost) * pool.session_limit >= pool.open_sessions or floor == 0


@many
@given(pools(), policies())
def test_no_more_hosts_are_rebuilt_at_once_than_allowed(pool: Snapshot, rules: Policy) -> None:
    taken = len(decide(pool, rules).chosen(Act.TAKE))
    in_work = sum(1 for view in pool.hosts if view.row.state.in_work)
    cap = min(rules.max_in_flight, 50 * pool.replicas)
    if taken:
        assert taken + in_work <= (1 if pool.may_probe_only else cap)


@many
@given(pools(), policies())
def test_idle_hosts_are_drained_only_within_max_unavailable(pool: Snapshot, rules: Policy) -> None:
    if pool.forcing(NOON):
        return
    views = by_name(pool)
    out = sum(1 for v in pool.hosts if v.row.state.in_work or (v.drained and v.sessions == 0))
    newly = [n for n in decide(pool, rules).chosen(Act.DRAIN) if views[n].sessions == 0 and not views[n].drained]
    if newly:
        assert out + len(newly) <= share_down(rules.max_unavailable, len(pool.hosts))


@many
@given(pools(), policies(), st.integers(1, 5))
def test_a_bigger_budget_never_plans_fewer(pool: Snapshot, rules: Policy, more: int) -> None:
    def begun(by: Policy) -> int:
        decided = decide(pool, by)
        return len(decided.chosen(Act.TAKE)) + len(decided.chosen(Act.DRAIN))

    larger = rules.model_copy(update={"max_in_flight": rules.max_in_flight + more, "max_unavailable": "100%"})
    assert begun(larger) >= begun(rules)


@many
@given(pools(), policies())
def test_every_decision_is_a_move_the_state_table_knows(pool: Snapshot, rules: Policy) -> None:
    leads_to = {
        Act.SKIP: HostState.SKIPPED,
        Act.DRAIN: HostState.DRAINING,
        Act.GIVE_BACK: HostState.PENDING,
        Act.SIGN_OUT: HostState.SIGNING_OUT,
        Act.TAKE: HostState.REIMAGING,
        Act.FAIL: HostState.FAILED,
    }
    for decision in decide(pool, rules).decisions:
        state = by_name(pool)[decision.host].row.state
        if decision.act is not Act.HOLD:
            to = leads_to[decision.act]
            assert to is state or to in HOST_MOVES[state], decision


@many
@given(pools(), policies())
def test_the_rollout_moves_only_as_its_state_table_knows(pool: Snapshot, rules: Policy) -> None:
    becomes = decide(pool, rules).becomes
    assert becomes is None or becomes is pool.state or becomes in ROLLOUT_MOVES[pool.state]


@many
@given(pools(), policies())
def test_before_the_deadline_no_more_hosts_are_rebuilt_than_may_be_unavailable(pool: Snapshot, rules: Policy) -> None:
    taken = len(decide(pool, rules).chosen(Act.TAKE))
    if taken and not pool.forcing(NOON):
        in_work = sum(1 for view in pool.hosts if view.row.state.in_work)
        assert taken + in_work <= share_down(rules.max_unavailable, len(pool.hosts))


@many
@given(pools(), policies())
def test_a_host_that_is_not_in_the_pool_is_never_touched(pool: Snapshot, rules: Policy) -> None:
    touching = {Act.DRAIN, Act.TAKE, Act.SIGN_OUT}
    absent = {view.name for view in pool.hosts if view.seen is None}
    assert not absent & {d.host for d in decide(pool, rules).decisions if d.act in touching}


@many
@given(pools(), policies())
def test_there_is_always_a_next_look_until_the_end(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    over = pool.state.ended or (decided.becomes is not None and (decided.becomes.ended or decided.becomes == "paused"))
    assert over or (decided.next_look is not None and decided.next_look >= NOON)


@many
@given(pools(), policies())
def test_a_policy_that_allows_nothing_plans_nothing(pool: Snapshot, rules: Policy) -> None:
    decided = decide(replace(pool, replicas=0), rules)
    assert not decided.chosen(Act.TAKE)
    again = {view.name for view in pool.hosts if view.drained}  # chosen before, and undrained by somebody
    assert set(decided.chosen(Act.DRAIN)) <= again


@many
@given(pools(), policies())
def test_while_the_canary_is_out_no_more_hosts_are_begun_than_it_has(pool: Snapshot, rules: Policy) -> None:
    to_update = sum(1 for view in pool.hosts if view.row.state is not HostState.SKIPPED)
    done = pool.counts[HostState.DONE]
    canary = min(rules.canary_hosts, to_update - pool.counts[HostState.FAILED])
    taken = decide(pool, rules).chosen(Act.TAKE)
    if done < canary and taken:
        in_work = sum(1 for view in pool.hosts if view.row.state.in_work)
        assert done + in_work + len(taken) <= canary
