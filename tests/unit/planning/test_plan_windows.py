"""Windows bound the work itself: what would not end inside is not begun, and outside nothing is disturbed."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given

from shared.core.states import RolloutState
from shared.models.policy import Policy
from shared.models.windows import DAYS, Window
from shared.planning.values import Action, Snapshot
from tests.fixtures.builders import NOON
from tests.unit.planning.pool_strategies import MINUTE, by_name, decide, many, policies, pools

BEGINS = {Action.DRAIN, Action.REBUILD, Action.SIGN_OUT, Action.FAIL}
GOING_ON = pools(RolloutState.RUNNING, RolloutState.RUNNING, RolloutState.SCHEDULED)


def inside(window: Window, moment: datetime) -> bool:
    """Whether the clock on the wall is in the window, counted anew from its words."""
    opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (window.begins, window.ends))
    minute = moment.hour * 60 + moment.minute
    today, yesterday = DAYS[moment.weekday()], DAYS[moment.weekday() - 1]
    if opens < closes:
        return today in window.days and opens <= minute < closes
    return (today in window.days and minute >= opens) or (yesterday in window.days and minute < closes)


def allowed(pool: Snapshot, rules: Policy, later: timedelta) -> bool:
    """Whether work is allowed so long after noon."""
    moment = (NOON + later).astimezone(ZoneInfo(pool.zone))
    return not rules.windows or any(inside(window, moment) for window in rules.windows)


def minutes_left(pool: Snapshot, rules: Policy) -> int:
    """Minutes until work is to stop; as many as a day has when it is not to stop before."""
    return next((m for m in range(1440) if not allowed(pool, rules, m * MINUTE)), 1440)


@many
@given(GOING_ON, policies())
def test_outside_the_windows_no_host_starts_and_nobody_is_signed_out(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    if not allowed(pool, rules, timedelta()):
        # Of a refresh: let go of, as failed.
        left = {view.name for view in pool.hosts if view.row.drained_by_earlier_failure}
        assert not BEGINS & {decision.act for decision in decided.decisions if decision.host not in left}


@many
@given(GOING_ON, policies())
def test_a_host_that_would_not_end_inside_does_not_start(pool: Snapshot, rules: Policy) -> None:
    left = minutes_left(pool, rules) * MINUTE
    longest = timedelta(hours=1)  # the shortest that the strategy draws: what fits in there, fits into each
    if left < pool.host_time <= longest:
        assert not decide(pool, rules).chosen(Action.REBUILD)


@many
@given(GOING_ON, policies())
def test_a_host_that_fits_into_no_window_starts_at_an_opening(pool: Snapshot, rules: Policy) -> None:
    free = rules.model_copy(update={"windows": ()})
    day = 24 * 60 * MINUTE
    long = pool.host_time > day and allowed(pool, rules, timedelta()) and not allowed(pool, rules, -MINUTE)
    if long:
        assert decide(pool, rules).chosen(Action.REBUILD) == decide(pool, free).chosen(Action.REBUILD)


@many
@given(GOING_ON, policies())
def test_drained_hosts_return_to_service_when_the_window_closes(pool: Snapshot, rules: Policy) -> None:
    if allowed(pool, rules, timedelta()):
        return
    waiting = {view.name for view in pool.hosts if view.drained and not view.row.drained_by_earlier_failure}
    assert set(decide(pool, rules).chosen(Action.UNDRAIN)) == waiting


@many
@given(GOING_ON, policies())
def test_hosts_in_work_are_finished_and_checked_outside_too(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    busy = [view.name for view in pool.hosts if view.row.state.in_work]
    if busy and not allowed(pool, rules, timedelta()):
        assert all(by_name(pool)[name].row.state.in_work for name in busy)
        assert decided.next_pass_at is not None
        assert decided.next_pass_at <= NOON + timedelta(minutes=15)
        assert decided.becomes in {None, RolloutState.RUNNING}


@many
@given(pools(RolloutState.ROLLING_BACK), policies())
def test_a_roll_back_waits_for_no_window(pool: Snapshot, rules: Policy) -> None:
    free = rules.model_copy(update={"windows": ()})
    assert decide(pool, rules).decisions == decide(pool, free).decisions
