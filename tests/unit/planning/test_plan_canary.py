"""The first hosts: nothing else is begun before they have passed, and what fails there ends it."""

from __future__ import annotations

from hypothesis import given

from shared.core.states import HostState, RolloutState
from shared.models.policy import CanaryHold, OnFailure, Policy
from shared.models.rollouts import RolloutKind
from shared.planning.budget import budget_for
from shared.planning.values import Action, Snapshot
from tests.fixtures.builders import NOON
from tests.unit.planning.pool_strategies import by_name, decide, in_work, many, policies, pools

FORWARD = pools(RolloutState.RUNNING)


def proved(pool: Snapshot) -> int:
    """Hosts that have proved good, as they say themselves."""
    rows = (view.row for view in pool.hosts)
    return sum(row.state is HostState.DONE or (row.state.in_work and row.check.proved_at is not None) for row in rows)


def first_hosts(pool: Snapshot, rules: Policy) -> int:
    """How many the canary has: never more than there is to update, and of those that wait for a person no more than
    may be out at the same time."""
    going = [v for v in pool.hosts if v.left_out is None or v.row.state.in_work or v.row.state.ended]
    to_update = sum(view.row.state not in {HostState.SKIPPED, HostState.FAILED} for view in going)
    spare = budget_for(pool, rules, NOON).spare if rules.canary_hold is CanaryHold.APPROVE else len(pool.hosts)
    return min(rules.canary_hosts, to_update, spare)


def waits(pool: Snapshot, rules: Policy) -> bool:
    """Whether the others must wait: some have not proved good, or nobody has approved.

    What hosts are made fresh with has proved itself before.
    """
    held = rules.canary_hold is CanaryHold.APPROVE and not pool.approved
    fresh = pool.kind is RolloutKind.REFRESH
    return not fresh and first_hosts(pool, rules) > 0 and (proved(pool) < first_hosts(pool, rules) or held)


def free(pool: Snapshot, rules: Policy) -> int:
    """How many first hosts are still to be begun."""
    begun = sum(view.row.state.in_work and view.row.check.proved_at is None for view in pool.hosts)
    return max(0, first_hosts(pool, rules) - proved(pool) - begun)


@many
@given(FORWARD, policies())
def test_before_the_canary_passed_only_canary_hosts_start(pool: Snapshot, rules: Policy) -> None:
    if waits(pool, rules):
        assert len(decide(pool, rules).chosen(Action.REBUILD)) <= free(pool, rules)


@many
@given(FORWARD, policies())
def test_before_the_canary_passed_only_users_of_canary_hosts_are_signed_out(pool: Snapshot, rules: Policy) -> None:
    if waits(pool, rules):
        decided = decide(pool, rules)
        assert len(decided.chosen(Action.REBUILD)) + len(decided.chosen(Action.SIGN_OUT)) <= free(pool, rules)


@many
@given(FORWARD, policies())
def test_before_the_canary_passed_only_canary_candidates_are_drained(pool: Snapshot, rules: Policy) -> None:
    """An idle host is, even while a busy one waits for its last user; a busy one only when none waits."""
    if not waits(pool, rules):
        return
    views = by_name(pool)
    newly = [views[name] for name in decide(pool, rules).chosen(Action.DRAIN) if not views[name].drained]
    waiting = [view for view in pool.hosts if view.drained]
    idle = [view for view in (*waiting, *newly) if view.sessions == 0 or pool.forcing(NOON)]
    if any(view in newly for view in idle):
        assert len(idle) <= free(pool, rules)
    if any(view.sessions and not pool.forcing(NOON) for view in newly):
        assert len(waiting) + len(newly) <= free(pool, rules)


@many
@given(FORWARD, policies(windows=False))
def test_a_failed_canary_ends_the_rollout_and_no_other_host_starts(pool: Snapshot, rules: Policy) -> None:
    failed = pool.counts[HostState.FAILED] > pool.failures_accepted
    over = all(view.row.state.ended for view in pool.hosts)
    if not (failed and waits(pool, rules)) or over or pool.schedule.begin_at > NOON:
        return
    decided = decide(pool, rules)
    assert {decision.act for decision in decided.decisions} <= {Action.WAIT}
    if rules.on_failure is OnFailure.ROLL_BACK:
        assert decided.becomes is RolloutState.ROLLING_BACK
    else:
        assert decided.becomes is RolloutState.CANCELLING
        assert decided.ends_as is RolloutState.FAILED
    assert decided.note


@many
@given(FORWARD, policies())
def test_new_hosts_get_the_target_only_after_the_canary_passed(pool: Snapshot, rules: Policy) -> None:
    if decide(pool, rules).canary_passed:
        assert not waits(pool, rules)
        assert proved(pool) > 0


@many
@given(FORWARD, policies(windows=False))
def test_approval_is_requested_only_after_the_canary_hosts_passed(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    if decided.becomes is RolloutState.AWAITING_APPROVAL:
        assert rules.canary_hold is CanaryHold.APPROVE
        assert not pool.approved
        assert proved(pool) >= first_hosts(pool, rules) > 0
        assert {decision.act for decision in decided.decisions} <= {Action.WAIT}


@many
@given(pools(), policies())
def test_roll_back_and_refresh_wait_for_no_canary(pool: Snapshot, rules: Policy) -> None:
    if pool.rolling_back or pool.kind is RolloutKind.REFRESH:
        decided = decide(pool, rules)
        assert decided.becomes is not RolloutState.AWAITING_APPROVAL
        assert not any("proved good" in decision.reason.text for decision in decided.decisions)


@many
@given(FORWARD, policies(windows=False))
def test_canary_hosts_waiting_for_approval_do_not_wait_for_each_other(pool: Snapshot, rules: Policy) -> None:
    """However narrow the bounds: when all that may be out have proved good, the person is asked."""
    ready = in_work(pool) and all(v.row.check.proved_at for v in pool.hosts if v.row.state.in_work)
    quiet = pool.schedule.begin_at <= NOON and not pool.counts[HostState.FAILED] and not pool.held_by_refresh
    full = in_work(pool) >= budget_for(pool, rules, NOON).allowed_in_work > 0
    if ready and quiet and full and waits(pool, rules) and rules.canary_hold is CanaryHold.APPROVE:
        assert decide(pool, rules).becomes is RolloutState.AWAITING_APPROVAL


@many
@given(pools(RolloutState.SCHEDULED), policies(windows=False))
def test_a_rollout_not_yet_running_does_not_wait_for_approval(pool: Snapshot, rules: Policy) -> None:
    """A look that has died has begun hosts, and perhaps seen them through, before it wrote that the rollout runs."""
    assert decide(pool, rules).becomes is not RolloutState.AWAITING_APPROVAL
