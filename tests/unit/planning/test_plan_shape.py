"""What every plan is: total, the same whatever the order, made of moves the tables know, with a next look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import HOST_TRANSITIONS, ROLLOUT_TRANSITIONS, HostState, RolloutState
from shared.models.policy import OnFailure, Policy
from shared.models.rollouts import RolloutKind
from shared.planning.values import Action, Snapshot
from tests.fixtures.builders import NOON
from tests.unit.planning.pool_strategies import LIMITS, by_name, decide, many, policies, pools

LEADS_TO = {
    Action.SKIP: HostState.SKIPPED,
    Action.DRAIN: HostState.DRAINING,
    Action.UNDRAIN: HostState.PENDING,
    Action.SIGN_OUT: HostState.SIGNING_OUT,
    Action.REBUILD: HostState.REIMAGING,
    Action.FAIL: HostState.FAILED,
}


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
def test_every_decision_is_an_allowed_transition_of_the_host(pool: Snapshot, rules: Policy) -> None:
    for decision in decide(pool, rules).decisions:
        state = by_name(pool)[decision.host].row.state
        if decision.act is not Action.WAIT:
            to = LEADS_TO[decision.act]
            assert to is state or to in HOST_TRANSITIONS[state], decision


@many
@given(pools(), policies())
def test_a_host_in_work_is_left_to_its_steps(pool: Snapshot, rules: Policy) -> None:
    busy = {view.name for view in pool.hosts if view.row.state.in_work}
    assert all(decision.act is Action.WAIT for decision in decide(pool, rules).decisions if decision.host in busy)


@many
@given(pools(), policies())
def test_every_decision_is_an_allowed_transition_of_the_rollout(pool: Snapshot, rules: Policy) -> None:
    becomes = decide(pool, rules).becomes
    assert becomes is None or becomes is pool.state or becomes in ROLLOUT_TRANSITIONS[pool.state]


@many
@given(pools(), policies())
def test_there_is_always_a_next_pass_until_the_end(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    if decided.next_pass_at is None:
        # What becomes something else is looked at again at once, by its new rules.
        assert pool.state.ended or decided.becomes is not None
    else:
        assert decided.next_pass_at >= NOON
        assert not (decided.becomes and decided.becomes.ended)


@many
@given(pools(), policies())
def test_a_rollout_ends_only_when_nothing_is_left_to_do(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    if decided.becomes and decided.becomes.ended:
        assert {decision.act for decision in decided.decisions} <= {Action.SKIP}
        assert pool.kind is not RolloutKind.REFRESH or pool.state is RolloutState.CANCELLING
    elif pool.state is RolloutState.RUNNING and pool.kind is not RolloutKind.REFRESH and not decided.decisions:
        # Whatever a policy holds up: when every host is through, so is the rollout. A moment to come is waited for.
        assert decided.becomes or pool.schedule.begin_at > NOON or rules.windows


@many
@given(pools(RolloutState.CANCELLING), policies())
def test_a_cancelled_rollout_ends_as_requested_and_starts_no_host(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    assert decided.becomes in {None, pool.ends_as}
    assert {d.act for d in decided.decisions} <= {Action.WAIT, Action.SKIP, Action.UNDRAIN, Action.FAIL}
    drained = {
        v.name for v in pool.hosts if v.drained and not (v.row.drained_by_earlier_failure or v.row.removed_from_pool)
    }
    assert set(decided.chosen(Action.UNDRAIN)) == drained


@many
@given(pools(RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL), policies())
def test_while_waiting_for_approval_no_host_starts_and_nobody_is_signed_out(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    refreshes = pool.kind is RolloutKind.REFRESH
    failed = {view.name for view in pool.hosts if refreshes and view.row.drained_by_earlier_failure}
    assert {d.act for d in decided.decisions if d.host not in failed} <= {Action.WAIT, Action.UNDRAIN}
    assert not decided.notices
    assert decided.becomes is None or pool.state is RolloutState.AWAITING_APPROVAL


@many
@given(pools(RolloutState.AWAITING_APPROVAL), policies())
def test_a_missing_approval_ends_as_failed(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    late = pool.awaiting_since is not None and pool.awaiting_since + LIMITS.approval <= NOON
    if late:
        assert decided.becomes in {RolloutState.CANCELLING, RolloutState.ROLLING_BACK, RolloutState.PAUSED}
    if decided.becomes is RolloutState.CANCELLING:
        assert decided.ends_as is RolloutState.FAILED


@many
@given(pools(), policies())
def test_failures_stop_a_rollout_as_its_policy_says(pool: Snapshot, rules: Policy) -> None:
    """More failures than are allowed, after the first hosts: paused or brought back. None is stopped without one."""
    becomes = decide(pool, rules).becomes
    failed = pool.counts[HostState.FAILED] - pool.failures_accepted
    if pool.state is RolloutState.RUNNING and becomes is RolloutState.PAUSED:
        assert failed > rules.failures_allowed(len(pool.hosts))
        assert rules.on_failure is OnFailure.PAUSE or pool.kind is RolloutKind.REFRESH
    if becomes is RolloutState.ROLLING_BACK:
        assert failed > 0
        assert rules.on_failure is OnFailure.ROLL_BACK
    if becomes is RolloutState.ROLLED_BACK:
        assert pool.rolling_back
        assert not pool.counts[HostState.FAILED]
