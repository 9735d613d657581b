"""Going back touches only what was updated, and what we took out of the pool is not lost."""

from __future__ import annotations

from hypothesis import given

from shared.core.states import HostState, RolloutState
from shared.models.policy import Policy
from shared.planning.values import Action, Snapshot
from tests.fixtures.builders import NOON
from tests.unit.planning.pool_strategies import by_name, decide, many, policies, pools

BACK = pools(RolloutState.ROLLING_BACK)


@many
@given(BACK, policies())
def test_only_updated_hosts_are_rolled_back(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    for decision in decided.decisions:
        if decision.act in {Action.DRAIN, Action.REBUILD, Action.SIGN_OUT}:
            assert by_name(pool)[decision.host].row.rolling_back, decision


@many
@given(BACK, policies())
def test_hosts_that_were_not_updated_return_to_service(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    given_back, skipped = set(decided.chosen(Action.UNDRAIN)), set(decided.chosen(Action.SKIP))
    failed = set(decided.chosen(Action.FAIL))
    for view in pool.hosts:
        if view.row.rolling_back or view.row.state.ended or view.row.state.in_work:
            continue
        stays_drained = failed if view.row.drained_by_earlier_failure else given_back
        assert view.name in (stays_drained if view.drained else skipped)


@many
@given(BACK, policies())
def test_a_roll_back_ignores_begin_at_and_does_not_stop_at_failures(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    assert decided.becomes in {None, RolloutState.ROLLED_BACK, RolloutState.FAILED}
    if decided.becomes is RolloutState.FAILED:
        assert pool.counts[HostState.FAILED]
    assert not any("begins at" in decision.reason.text for decision in decided.decisions)
    assert not decided.canary_passed


@many
@given(BACK, policies())
def test_a_roll_back_signs_nobody_out_before_force_at(pool: Snapshot, rules: Policy) -> None:
    if pool.schedule.force_at > NOON:
        assert not decide(pool, rules).chosen(Action.SIGN_OUT)


@many
@given(pools(RolloutState.RUNNING, RolloutState.ROLLING_BACK), policies())
def test_a_host_we_took_out_of_the_pool_is_never_reported_as_missing(pool: Snapshot, rules: Policy) -> None:
    for decision in decide(pool, rules).decisions:
        view = by_name(pool)[decision.host]
        row = view.row
        if row.removed_from_pool and not (row.state.in_work or view.left_out):
            assert decision.act in {Action.WAIT, Action.REBUILD, Action.SKIP}
            assert decision.act is not Action.SKIP or (pool.rolling_back and not row.rolling_back)


@many
@given(pools(RolloutState.CANCELLING), policies())
def test_cancelling_reports_a_host_that_is_out_of_the_pool(pool: Snapshot, rules: Policy) -> None:
    waiting = [view for view in pool.hosts if not view.row.state.ended and not view.row.state.in_work]
    out = {view.name for view in waiting if view.row.removed_from_pool or view.row.drained_by_earlier_failure}
    assert set(decide(pool, rules).chosen(Action.FAIL)) == out
