"""A refresh disturbs nobody: it takes what was used, when nobody is on it, and leaves the rest to whoever has it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import RolloutState
from shared.models.policy import Policy
from shared.models.pools import Refresh
from shared.models.rollouts import RolloutKind
from shared.planning.values import Action, Snapshot
from tests.fixtures.builders import NOON
from tests.unit.planning.pool_strategies import by_name, decide, many, policies, pools, refreshed_pools

REFRESHING = refreshed_pools(RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.CANCELLING)
ROLLOUT = pools(RolloutState.RUNNING, RolloutState.ROLLING_BACK).filter(
    lambda pool: pool.kind is not RolloutKind.REFRESH and bool(pool.held_by_refresh)
)


@many
@given(REFRESHING, policies())
def test_a_refresh_signs_nobody_out_warns_nobody_and_ends_only_on_command(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    assert not decided.chosen(Action.SIGN_OUT)
    assert not decided.notices
    assert decided.becomes in {None, RolloutState.PAUSED, *([pool.ends_as] if pool.state == "cancelling" else [])}


@many
@given(REFRESHING, policies())
def test_a_refresh_starts_no_unused_host(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    for name in (*decided.chosen(Action.DRAIN), *decided.chosen(Action.REBUILD)):
        row = by_name(pool)[name].row
        assert row.use.used_at is not None or row.removed_from_pool or row.drained_by_earlier_failure


@many
@given(REFRESHING, policies())
def test_a_refresh_after_logoff_drains_no_busy_host_and_a_daily_one_only_hosts_used_before_today(
    pool: Snapshot, rules: Policy
) -> None:
    midnight = NOON.astimezone(ZoneInfo(pool.zone)).replace(hour=0, minute=0)
    for name in decide(pool, rules).chosen(Action.DRAIN):
        view = by_name(pool)[name]
        if view.row.drained_by_earlier_failure:
            continue  # drained already, by an attempt that had failed on it
        if pool.refresh is Refresh.AFTER_LOGOFF:
            assert view.sessions == 0
        elif view.row.use.used_at is not None:
            assert view.row.use.used_at < midnight


@many
@given(REFRESHING, policies())
def test_a_refresh_leaves_a_host_that_a_rollout_failed_on(pool: Snapshot, rules: Policy) -> None:
    views = by_name(pool)
    newly = {name for name in decide(pool, rules).chosen(Action.DRAIN) if not views[name].drained}
    assert not any(views[name].row.use.failed_in for name in newly)


@many
@given(REFRESHING, policies(), st.just("a rollout works on the pool"))
def test_a_blocked_refresh_gives_a_reason_and_releases_unneeded_hosts(
    pool: Snapshot, rules: Policy, reason: str
) -> None:
    if not pool.blocked_reason or pool.state is not RolloutState.RUNNING:
        return
    decided = decide(pool, rules)
    assert {decision.act for decision in decided.decisions} <= {Action.WAIT, Action.UNDRAIN, Action.FAIL}
    let_go = {*decided.chosen(Action.UNDRAIN), *decided.chosen(Action.FAIL)}
    assert let_go == {view.name for view in pool.hosts if view.drained}
    assert str(decided.note) == reason
    assert decided.next_pass_at is not None
    assert decided.next_pass_at <= NOON + timedelta(minutes=15)


@many
@given(ROLLOUT, policies())
def test_a_rollout_touches_no_host_held_by_the_refresh(pool: Snapshot, rules: Policy) -> None:
    for decision in decide(pool, rules).decisions:
        if decision.host in pool.held_by_refresh:
            untouched = pool.rolling_back and not by_name(pool)[decision.host].row.rolling_back
            assert decision.act is (Action.SKIP if untouched else Action.WAIT)
