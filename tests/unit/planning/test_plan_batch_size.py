"""How many hosts a plan takes away at once: never more than any of its bounds, and the smallest is named."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.core.states import HostState
from shared.models.policy import Policy, share_down
from shared.planning.budget import WRITES_FOR_OTHERS, WRITES_PER_HOST, Budget, budget_for
from shared.planning.observe import gone
from shared.planning.values import Action, Snapshot
from tests.fixtures.builders import NOON, host, policy, snapshot
from tests.unit.planning.pool_strategies import by_name, decide, in_work, many, policies, pools

LOOK_AHEAD = 2
"""Idle hosts are drained for the next ones to be taken, not for those after them."""


def budget(pool: Snapshot, rules: Policy) -> Budget:
    return budget_for(pool, rules, NOON)


def without_results(pool: Snapshot) -> Snapshot:
    """The pool before any host had come to an end: the ramp has nothing to go by."""
    views = (replace(view, row=view.row.model_copy(update={"ended_at": None})) for view in pool.hosts)
    return replace(pool, hosts=tuple(views))


@many
@given(pools(), policies())
def test_concurrent_rebuilds_stay_within_the_limit(pool: Snapshot, rules: Policy) -> None:
    taken = len(decide(pool, rules).chosen(Action.REBUILD))
    if taken:
        cap = min(rules.max_in_flight, 50 * pool.replicas)
        assert taken + in_work(pool) <= (1 if pool.may_probe_only else cap)


def may_be_out(pool: Snapshot, rules: Policy) -> int:
    """`max_unavailable`, less the hosts in service before that have failed and serve nobody since; one may always."""
    states = [(view.row, view.serving) for view in pool.hosts if view.row.state is HostState.FAILED]
    lost = [
        row for row, serving in states
        if not serving and not (row.found.was_off or row.found.operator_drained)
        and not (row.drained_by_earlier_failure or row.vm_missing)
        and not gone(row, NOON)
    ]  # fmt: skip
    return max(1, share_down(rules.max_unavailable, len(pool.hosts)) - len(lost))


def test_failed_hosts_count_as_unavailable() -> None:
    failed = [host(f"f{number}", state=HostState.FAILED, accepting=False) for number in range(3)]
    idle = [host(f"h{number}") for number in range(17)]
    rules = policy(max_unavailable="25%", min_available=0, canary_hosts=0, max_failed=9, on_failure="continue")
    pool = snapshot(*failed, *idle)
    assert budget(pool, rules).bounds[0].hosts == 2
    assert "less 3 that failed" in budget(pool, rules).bounds[0].reason.text
    assert len(decide(pool, rules).chosen(Action.DRAIN)) == 2
    assert budget(snapshot(*failed, *idle[:1]), rules).bounds[0].hosts == 1  # or nothing would ever end


@many
@given(pools(), policies())
def test_idle_hosts_are_drained_only_within_max_unavailable(pool: Snapshot, rules: Policy) -> None:
    if pool.forcing(NOON):
        return
    views = by_name(pool)
    out = sum(1 for v in pool.hosts if v.row.state.in_work or (v.drained and v.sessions == 0 and not v.serving))
    newly = [n for n in decide(pool, rules).chosen(Action.DRAIN) if views[n].sessions == 0 and not views[n].drained]
    if newly:
        assert out + len(newly) <= may_be_out(pool, rules)


@many
@given(pools(), policies())
def test_before_the_deadline_rebuilds_stay_within_max_unavailable(pool: Snapshot, rules: Policy) -> None:
    taken = len(decide(pool, rules).chosen(Action.REBUILD))
    if taken and not pool.forcing(NOON):
        assert taken + in_work(pool) <= may_be_out(pool, rules)


@many
@given(pools(), policies(), st.integers(1, 5))
def test_a_bigger_budget_never_plans_fewer_hosts(pool: Snapshot, rules: Policy, more: int) -> None:
    """Of equal results. After a failure half of more is dared, which doubles at other moments than half of less."""
    pool = without_results(pool)
    again = {view.name for view in pool.hosts if view.drained}  # chosen before: a canary host may take their place

    def begun(by: Policy) -> int:
        decided = decide(pool, by)
        return len(decided.chosen(Action.REBUILD)) + len(set(decided.chosen(Action.DRAIN)) - again)

    larger = rules.model_copy(update={"max_in_flight": rules.max_in_flight + more, "max_unavailable": 99})
    assert begun(larger) >= begun(rules)


@many
@given(pools(), policies())
def test_a_policy_that_allows_nothing_plans_nothing(pool: Snapshot, rules: Policy) -> None:
    decided = decide(replace(pool, replicas=0), rules)
    assert not decided.chosen(Action.REBUILD)
    again = {view.name for view in pool.hosts if view.drained}  # chosen before, and undrained by somebody
    assert set(decided.chosen(Action.DRAIN)) <= again


@many
@given(pools(), policies())
def test_started_hosts_stay_within_every_shown_limit(pool: Snapshot, rules: Policy) -> None:
    decided = decide(pool, rules)
    taken = len(decided.chosen(Action.REBUILD))
    lost = sum(by_name(pool)[name].serving for name in decided.chosen(Action.DRAIN))
    spent = {"min_available": lost, "arm_writes": taken}
    shown = budget(pool, rules).bounds
    for bound in shown:
        if (taken and bound.name != "min_available") or (lost > 1 and bound.name == "min_available"):
            assert spent.get(bound.name, taken + in_work(pool)) <= bound.hosts, bound
    assert budget(pool, rules).limited_by().hosts == min(bound.hosts for bound in shown)


@many
@given(pools(), policies())
def test_a_waiting_host_names_the_limit_it_waits_for(pool: Snapshot, rules: Policy) -> None:
    shown = {bound.name: bound.hosts for bound in budget(pool, rules).bounds}
    for decision in decide(pool, rules).decisions:
        text = re.search(r"(\d+) hosts? may be rebuilt at once \((\w+)\)", decision.reason.text)
        if text and decision.act is Action.WAIT:
            hosts, name = int(text[1]), text[2]
            assert shown[name] == hosts
            assert hosts == min(n for bound, n in shown.items() if bound not in {"min_available", "arm_writes"})


@many
@given(pools(), policies(), st.integers(0, 300))
def test_the_arm_write_quota_limits_started_hosts_but_allows_one(pool: Snapshot, rules: Policy, writes: int) -> None:
    free = len(decide(replace(pool, writes_left=None), rules).chosen(Action.REBUILD))
    decided = decide(replace(pool, writes_left=writes), rules)
    begun = len(decided.chosen(Action.REBUILD))
    assert begun == min(free, max(1, (writes - WRITES_FOR_OTHERS) // WRITES_PER_HOST))
    assert decided.short_of_writes == (begun < free)


@many
@given(pools(), policies())
def test_no_more_hosts_are_empty_than_can_be_rebuilt_soon(pool: Snapshot, rules: Policy) -> None:
    if pool.forcing(NOON):
        return
    views = by_name(pool)
    newly = [n for n in decide(pool, rules).chosen(Action.DRAIN) if views[n].sessions == 0 and not views[n].drained]
    if newly:
        waiting = sum(view.drained and view.sessions == 0 and not view.serving for view in pool.hosts)
        out = in_work(pool) + waiting + len(newly)
        assert out <= max(1, LOOK_AHEAD * budget(pool, rules).allowed_in_work)
