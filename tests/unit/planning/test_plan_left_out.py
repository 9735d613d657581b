"""What a pass plans for hosts that are left out, in any pool at any moment."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from shared.core.states import HostState, RolloutState
from shared.models.policy import Policy
from shared.models.rollouts import RolloutKind
from shared.planning.values import Action, NoticeKind, Snapshot
from tests.fixtures.builders import drained, host, policy, snapshot
from tests.unit.planning.pool_strategies import LEFT_OUT, by_name, decide, many, policies, pools

BEGINS = {Action.DRAIN, Action.SIGN_OUT, Action.REBUILD}


@many
@given(pools(), policies())
def test_nothing_is_begun_on_a_host_that_is_left_out_and_nobody_on_it_is_warned(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    left_out = {name for name, view in by_name(pool).items() if view.left_out}
    assert not [one for one in decided.decisions if one.host in left_out and one.act in BEGINS]
    assert not [one for one in decided.notices if one.host in left_out and one.kind is not NoticeKind.OFF]


def test_a_host_that_is_left_out_counts_as_serving() -> None:
    out = replace(host("a"), left_out=LEFT_OUT)
    rules = policy(min_available=1, max_unavailable="100%", canary_hosts=0)
    assert decide(snapshot(out, host("b")), rules).chosen(Action.DRAIN) == ["b"]
    assert decide(snapshot(host("b")), rules).chosen(Action.DRAIN) == []


def test_a_host_in_work_is_finished_though_it_is_left_out_by_now() -> None:
    work = replace(host("a", state=HostState.JOINING), left_out=LEFT_OUT)
    assert decide(snapshot(work), policy()).chosen(Action.WAIT) == ["a"]


def test_a_drained_host_that_is_left_out_by_now_ends_and_a_refresh_undrains_it() -> None:
    view = replace(drained("a", 1), left_out=LEFT_OUT)
    assert decide(snapshot(view), policy()).chosen(Action.SKIP) == ["a"]
    refresh = snapshot(view, kind=RolloutKind.REFRESH, state=RolloutState.RUNNING)
    assert decide(refresh, policy()).chosen(Action.UNDRAIN) == ["a"]


def test_a_refresh_waits_with_a_host_that_is_left_out() -> None:
    view = replace(host("a"), left_out=LEFT_OUT)
    decided = decide(snapshot(view, kind=RolloutKind.REFRESH), policy())
    assert [(one.act, one.reason) for one in decided.decisions] == [(Action.WAIT, LEFT_OUT)]
